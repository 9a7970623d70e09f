package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/** What stands between the two products of a feed-forward layer. All tensors float32 or stored. */
public interface Activations {
  /** y = a(x), of one size; y may be x. */
  void activate(Activation a, Tensor x, Tensor y);

  /** dx = dy a'(x), of one size; dx may be dy. */
  void activateGradient(Activation a, Tensor x, Tensor dy, Tensor dx);

  /** Both in one: y = a(x), with the bits of {@link #activate}, and dy becomes dy a'(x). All of one size, none over another. */
  void activateAgain(Activation a, Tensor x, Tensor y, Tensor dy);

  /**
   * y = a(gate) ⊙ up (Shazeer 2020, arXiv:2002.05202, eq. 5): GEGLU with {@link Activation#GELU_TANH}, SwiGLU with
   * {@link Activation#SILU}.
   *
   * @param gate [rows, width]; @param up likewise, both may be columns of one matrix; @param y [rows, width]
   */
  void gate(Activation a, Columns gate, Columns up, Tensor y);

  /** dUp = dy ⊙ a(gate); dGate = dy ⊙ up ⊙ a'(gate). dUp may be all columns of dy. */
  void gateGradient(Activation a, Columns gate, Columns up, Tensor dy, Columns dGate, Columns dUp);
}
