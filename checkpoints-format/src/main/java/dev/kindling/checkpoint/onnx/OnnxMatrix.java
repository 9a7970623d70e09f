package dev.kindling.checkpoint.onnx;

import java.util.List;

/**
 * The matrix of a linear layer. Exporters keep the names of biases, but fold the transposition that torch's Linear does
 * (y = x Wᵀ + b) into the constant, which then has a number for a name: {@code onnx::MatMul_1234}. So a matrix is found
 * by the bias that is added to its product.
 *
 * @param transposed whether the file has it as [in, out]; torch has [out, in]
 */
record OnnxMatrix(OnnxTensor tensor, boolean transposed) {
  private static final List<Long> SWAPPED = List.of(1L, 0L);

  /** The matrix of the layer that has this bias; null where no plain product with a constant matrix is found. */
  static OnnxMatrix beside(String bias, OnnxGraph graph) {
    for (OnnxNode node : graph.consumers(bias)) {
      OnnxMatrix found = null;
      if (node.is("Gemm") && node.input(2).equals(bias)) {
        found = of(node.input(1), node.number("transB", 0) == 0, graph);
      } else if (node.is("Add")) {
        OnnxNode product = graph.producer(node.input(0).equals(bias) ? node.input(1) : node.input(0));
        if (product != null && product.is("MatMul")) found = of(product.input(1), true, graph);
      }
      if (found != null) return found;
    }
    return null;
  }

  /** @param plain whether the product takes the value as [in, out] */
  private static OnnxMatrix of(String value, boolean plain, OnnxGraph graph) {
    OnnxTensor constant = graph.tensor(value);
    if (constant != null) return constant.shape().length == 2 ? new OnnxMatrix(constant, plain) : null;
    OnnxNode node = graph.producer(value);
    boolean swapped = node != null && node.is("Transpose")
        && SWAPPED.equals(node.attributes().getOrDefault("perm", SWAPPED));
    return swapped ? of(node.input(0), !plain, graph) : null;
  }

  /** Elements of torch's matrix. */
  long[] shape() {
    long[] is = tensor.shape();
    return transposed ? new long[]{is[1], is[0]} : is.clone();
  }
}
