package dev.kindling.checkpoint.onnx;

import java.util.List;
import java.util.Map;

/**
 * One operation of a graph.
 *
 * @param name may be empty; @param domain of its operator, empty for ONNX's own; @param operator such as {@code MatMul}
 * @param inputs names of values, empty where an optional one is left out
 * @param attributes Long, Float, String, {@link OnnxTensor} or a list of Longs; others are left out
 */
public record OnnxNode(String name, String domain, String operator, List<String> inputs, List<String> outputs,
    Map<String, Object> attributes) {
  public OnnxNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = Map.copyOf(attributes);
  }

  /** Whether it is ONNX's own operator of that name. */
  public boolean is(String other) {
    return operator.equals(other) && (domain.isEmpty() || domain.equals("ai.onnx"));
  }

  /** The name of the i-th input; empty where it has none. */
  public String input(int i) {
    return i < inputs.size() ? inputs.get(i) : "";
  }

  /** The name of its first output. */
  public String output() {
    return outputs.isEmpty() ? "" : outputs.get(0);
  }

  /** A whole number among the attributes. */
  public long number(String attribute, long otherwise) {
    return attributes.get(attribute) instanceof Long n ? n : otherwise;
  }
}
