package dev.kindling.checkpoint.onnx;

import static dev.kindling.checkpoint.onnx.OnnxInput.BYTES;
import static dev.kindling.checkpoint.onnx.OnnxInput.FIXED32;
import static dev.kindling.checkpoint.onnx.OnnxInput.VARINT;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One {@code ModelProto}'s graph while it is read. Graphs within nodes, functions and training parts are skipped. */
final class OnnxGraphFields {
  private static final int MODEL_IR = 1 << 3 | VARINT, MODEL_GRAPH = 7 << 3 | BYTES;
  private static final int GRAPH_NODE = 1 << 3 | BYTES, GRAPH_INITIALIZER = 5 << 3 | BYTES,
      GRAPH_INPUT = 11 << 3 | BYTES, GRAPH_OUTPUT = 12 << 3 | BYTES;
  private static final int VALUE_NAME = 1 << 3 | BYTES;
  private static final int NODE_INPUT = 1 << 3 | BYTES, NODE_OUTPUT = 2 << 3 | BYTES, NODE_NAME = 3 << 3 | BYTES,
      NODE_OPERATOR = 4 << 3 | BYTES, NODE_ATTRIBUTE = 5 << 3 | BYTES, NODE_DOMAIN = 7 << 3 | BYTES;
  private static final int ATTRIBUTE_NAME = 1 << 3 | BYTES, ATTRIBUTE_FLOAT = 2 << 3 | FIXED32,
      ATTRIBUTE_NUMBER = 3 << 3 | VARINT, ATTRIBUTE_TEXT = 4 << 3 | BYTES, ATTRIBUTE_TENSOR = 5 << 3 | BYTES,
      ATTRIBUTE_NUMBERS = 8 << 3;

  /** Far above any model's; a small file cannot ask for much memory with empty messages. */
  private static final int MOST_PARTS = 1 << 20;

  private final OnnxInput in;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final List<String> inputs = new ArrayList<>(), outputs = new ArrayList<>();
  private final Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
  private long irVersion;
  private boolean found;
  private int parts;

  OnnxGraphFields(OnnxInput in) {
    this.in = in;
  }

  /** Reads a whole file. @throws IOException when it is damaged or something else */
  OnnxGraph model() throws IOException {
    in.fields(tag -> {
      switch (tag) {
        case MODEL_IR -> irVersion = in.number();
        case MODEL_GRAPH -> {
          if (found) throw new OnnxFormatException("it holds two graphs");
          found = true;
          in.message(this::graph);
        }
        default -> {
          return false;
        }
      }
      return true;
    });
    if (!found || irVersion < 1) throw new OnnxFormatException("it holds no " + (found ? "ir_version" : "graph"));
    return new OnnxGraph(nodes, inputs, outputs, tensors);
  }

  private boolean graph(int tag) throws IOException {
    switch (tag) {
      case GRAPH_NODE -> nodes.add(node());
      case GRAPH_INITIALIZER -> {
        OnnxTensor t = tensor();
        if (tensors.put(t.name(), t) != null)
          throw new OnnxFormatException("the tensor " + t.name() + " is there twice");
      }
      case GRAPH_INPUT -> inputs.add(valueName());
      case GRAPH_OUTPUT -> outputs.add(valueName());
      default -> {
        return false;
      }
    }
    if (++parts > MOST_PARTS) throw new OnnxFormatException("its graph has more than " + MOST_PARTS + " parts");
    return true;
  }

  private OnnxTensor tensor() throws IOException {
    OnnxTensorFields fields = new OnnxTensorFields(in);
    in.message(fields);
    return fields.tensor();
  }

  private String valueName() throws IOException {
    String[] name = {""};
    in.message(tag -> {
      if (tag != VALUE_NAME) return false;
      name[0] = in.text();
      return true;
    });
    return name[0];
  }

  private OnnxNode node() throws IOException {
    String[] text = {"", "", ""};
    List<String> takes = new ArrayList<>(), gives = new ArrayList<>();
    Map<String, Object> attributes = new HashMap<>();
    in.message(tag -> {
      switch (tag) {
        case NODE_INPUT -> takes.add(in.text());
        case NODE_OUTPUT -> gives.add(in.text());
        case NODE_NAME -> text[0] = in.text();
        case NODE_DOMAIN -> text[1] = in.text();
        case NODE_OPERATOR -> text[2] = in.text();
        case NODE_ATTRIBUTE -> attribute(attributes);
        default -> {
          return false;
        }
      }
      return true;
    });
    return new OnnxNode(text[0], text[1], text[2], takes, gives, attributes);
  }

  private void attribute(Map<String, Object> attributes) throws IOException {
    String[] name = {""};
    Object[] value = {null};
    List<Long> numbers = new ArrayList<>();
    in.message(tag -> {
      switch (tag) {
        case ATTRIBUTE_NAME -> name[0] = in.text();
        case ATTRIBUTE_FLOAT -> value[0] = in.float32();
        case ATTRIBUTE_NUMBER -> value[0] = in.number();
        case ATTRIBUTE_TEXT -> value[0] = in.text();
        case ATTRIBUTE_TENSOR -> value[0] = tensor();
        case ATTRIBUTE_NUMBERS, ATTRIBUTE_NUMBERS | BYTES -> in.numbers(tag, numbers::add);
        default -> {
          return false;
        }
      }
      return true;
    });
    if (value[0] == null && !numbers.isEmpty()) value[0] = List.copyOf(numbers);
    if (value[0] != null) attributes.put(name[0], value[0]);
  }
}
