package dev.kindling.train.kernel;

/** Functions of one element between two products. Φ is the standard normal distribution, σ(x) = 1 / (1 + e⁻ˣ). */
public enum Activation {
  /** x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2): gelu_new. */
  GELU_TANH,
  /** x Φ(x) = x/2 (1 + erf(x/√2)) (the same, section 2): gelu. */
  GELU_ERF,
  /** max(x, 0), whose slope at 0 is 0. */
  RELU,
  /** x σ(x) (the same paper, section 4; Ramachandran et al. 2017, arXiv:1710.05941): swish. */
  SILU,
  TANH
}
