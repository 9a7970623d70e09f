package dev.kindling.checkpoint.onnx;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The main graph of a model: its operations and constant tensors, and who makes and uses a value. Initializers and the
 * tensors of {@code Constant} nodes are alike; what an {@code Identity} passes on is found under both names.
 */
public final class OnnxGraph {
  private final List<OnnxNode> nodes;
  private final List<String> inputs, outputs;
  private final Map<String, OnnxTensor> tensors;
  private final Map<String, OnnxNode> producers = new HashMap<>();
  private final Map<String, List<OnnxNode>> consumers = new HashMap<>();

  /** @param tensors by the names of their values */
  OnnxGraph(List<OnnxNode> nodes, List<String> inputs, List<String> outputs, Map<String, OnnxTensor> tensors) {
    this.nodes = List.copyOf(nodes);
    this.inputs = List.copyOf(inputs);
    this.outputs = List.copyOf(outputs);
    this.tensors = new LinkedHashMap<>(tensors);
    for (OnnxNode node : nodes) {
      for (String out : node.outputs()) producers.putIfAbsent(out, node);
      for (String in : node.inputs()) consumers.computeIfAbsent(in, name -> new ArrayList<>()).add(node);
    }
    for (OnnxNode node : nodes) addConstant(node);
  }

  private void addConstant(OnnxNode node) {
    if (node.is("Constant") && node.attributes().get("value") instanceof OnnxTensor value) {
      tensors.putIfAbsent(node.output(), value.named(node.output()));
    }
  }

  /** In the file's order, which is an order of computation. */
  public List<OnnxNode> nodes() {
    return nodes;
  }

  /** Names of what a caller gives; older files list the initializers too. */
  public List<String> inputs() {
    return inputs;
  }

  public List<String> outputs() {
    return outputs;
  }

  public Collection<OnnxTensor> tensors() {
    return Collections.unmodifiableCollection(tensors.values());
  }

  /** The constant that a value is, by way of {@code Identity} nodes too; null where it is none. */
  public OnnxTensor tensor(String value) {
    String name = value;
    for (int hops = 0; hops < 100; hops++) {
      OnnxTensor found = tensors.get(name);
      if (found != null) return found;
      OnnxNode node = producers.get(name);
      if (node == null || !node.is("Identity")) return null;
      name = node.input(0);
    }
    return null;
  }

  /** The operation that makes a value; null for inputs and constants. */
  public OnnxNode producer(String value) {
    return producers.get(value);
  }

  /** The operations that use a value. */
  public List<OnnxNode> consumers(String value) {
    return Collections.unmodifiableList(consumers.getOrDefault(value, List.of()));
  }
}
