package dev.kindling.checkpoint.onnx;

import dev.kindling.checkpoint.ActivationFunction;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What a BERT's configuration says and its weights do not: read from the operations of the graph. */
final class BertFacts {
  private static final long UNKNOWN = Long.MIN_VALUE;
  private static final int DEEPEST = 20;

  private final OnnxReader file;
  private final OnnxGraph graph;

  BertFacts(OnnxReader file) {
    this.file = file;
    graph = file.graph();
  }

  /**
   * Heads are made by a Reshape to [batch, time, heads, width of a head] before a Transpose that swaps time and heads.
   *
   * @param told by the user, or 0; @throws UserError where the graph does not tell and the user neither
   */
  int heads(int width, int told) {
    Set<Long> found = new TreeSet<>();
    for (OnnxNode node : graph.nodes()) {
      if (!node.is("Reshape") || !isSplitIntoHeads(node)) continue;
      List<Long> shape = numbers(node.input(1), 0);
      if (shape.size() < 2) continue;
      long heads = shape.get(shape.size() - 2), each = shape.get(shape.size() - 1);
      if (heads > 0 && (each < 0 || heads * each == width)) found.add(heads);
      else if (heads < 0 && each > 0 && width % each == 0) found.add(width / each);
    }
    if (told > 0) return told;
    if (found.size() == 1) return Math.toIntExact(found.iterator().next());
    throw new UserError(file.path() + ": the graph does not tell the number of attention heads"
        + (found.isEmpty() ? "" : " (it could be one of " + found + ")") + "; give it with --heads");
  }

  private boolean isSplitIntoHeads(OnnxNode reshape) {
    for (OnnxNode next : graph.consumers(reshape.output())) {
      if (next.is("Transpose") && next.attributes().get("perm") instanceof List<?> order && order.size() == 4
          && order.get(0).equals(0L) && order.get(1).equals(2L))
        return true;
    }
    return false;
  }

  /** What a small tensor of whole numbers holds, as far as it is constant. */
  private List<Long> numbers(String value, int depth) {
    OnnxTensor constant = graph.tensor(value);
    if (constant != null && (constant.type() == OnnxType.INT64 || constant.type() == OnnxType.INT32)
        && constant.spec().count() <= 16) {
      List<Long> all = new ArrayList<>();
      for (long n : file.readLongs(constant)) all.add(n);
      return all;
    }
    OnnxNode node = graph.producer(value);
    if (node != null && depth < DEEPEST) {
      if (node.is("Unsqueeze") || node.is("Cast")) return numbers(node.input(0), depth + 1);
      if (node.is("Concat") && node.inputs().size() <= 4) {
        List<Long> all = new ArrayList<>();
        for (String part : node.inputs()) all.addAll(numbers(part, depth + 1));
        return all;
      }
    }
    return List.of(UNKNOWN);
  }

  /** Of LayerNormalization, or what is added to a variance before its root. @throws UserError unless there is just one */
  float epsilon() {
    Set<Float> found = new TreeSet<>();
    for (OnnxNode node : graph.nodes()) {
      if (node.is("LayerNormalization")) {
        found.add(node.attributes().get("epsilon") instanceof Float given ? given : 1e-5f);
      } else if (node.is("Sqrt")) {
        OnnxNode sum = graph.producer(node.input(0));
        if (sum != null && sum.is("Add")) {
          addScalar(sum.input(0), found);
          addScalar(sum.input(1), found);
        }
      }
    }
    if (found.size() == 1) return found.iterator().next();
    throw new UserError(file.path() + ": the graph has " + (found.isEmpty() ? "no" : "more than one, " + found)
        + " epsilon of layer norms; a plain export of a BERT has one");
  }

  private void addScalar(String value, Set<Float> into) {
    OnnxTensor constant = graph.tensor(value);
    if (constant == null || constant.spec() == null || constant.spec().count() != 1) return;
    if (constant.type() == OnnxType.FLOAT || constant.type() == OnnxType.FLOAT16)
      into.add(file.read(constant.name())[0]);
  }

  /** @throws UserError where the function of the feed-forward layers is none of ours */
  ActivationFunction activation() {
    Set<String> operators = new TreeSet<>();
    for (OnnxNode node : graph.nodes()) operators.add(node.operator());
    if (operators.contains("Erf")) return ActivationFunction.GELU;
    for (OnnxNode node : graph.nodes()) {
      if (node.is("Gelu"))
        return "tanh".equals(node.attributes().get("approximate"))
            ? ActivationFunction.GELU_TANH
            : ActivationFunction.GELU;
    }
    if (operators.contains("Relu")) return ActivationFunction.RELU;
    throw new UserError(
        file.path() + ": the graph has none of Erf, Gelu and Relu, so its activation is not known here; "
            + "its operators are " + operators);
  }
}
