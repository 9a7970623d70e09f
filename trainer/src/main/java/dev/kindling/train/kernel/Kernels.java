package dev.kindling.train.kernel;

import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * The arithmetic of a training step over tensors in memory. Implementations: {@code PlainKernels} (plain Java, the twin that
 * the others are tested against) and {@code OneDnnKernels}; a CUDA backend could take over the same seam.
 *
 * <p>Rules for all of them. Shapes are row-major; "rows" joins all axes but the last. "Stored" tensors are float32 or bf16
 * as the run's precision says, sums and accumulation are float32 or wider. Work is cut into blocks chosen from the shape
 * alone and every sum has a fixed order, so that the bits are the same for any number of threads, and those of a row do not
 * depend on the rows beside it. An output never overlaps an input unless it says so. Gradients of weights are ADDED to what
 * is there. Called by one thread at a time, which is one of the pool's.
 */
public interface Kernels extends AutoCloseable {
  /** What a run reports and records, such as {@code oneDNN 3.11 (avx512_core_bf16), Vector API 512 bit, 2 threads}. */
  String describe();

  WorkerPool pool();

  /** Whether bf16 products run on the processor's own bf16 instructions (else they are emulated and slow). */
  boolean fastBfloat16();

  /** Makes room for a weight {@code W [in, out]}; {@code storedTransposed}: its master is [out, in]. */
  PackedWeight weight(long in, long out, boolean storedTransposed, DType type);

  /** Refreshes {@code packed} from its float32 master. */
  void pack(Tensor master, PackedWeight packed);

  /**
   * Lets products pack {@code packed} when they use it, from a master that must stay as it is until then: no copies are held.
   * It costs nothing where each form is used once between two refreshes.
   */
  void packWhenUsed(Tensor master, PackedWeight packed);

  /** y = x W + bias. x [rows, in] of W's type; bias float32 [out] or null; y [rows, out], float32 or stored. */
  void linear(Tensor x, PackedWeight w, Tensor bias, Tensor y);

  /** dx = dy Wᵀ. dy [rows, out] of W's type; dx [rows, in], float32 or stored. */
  void linearInputGradient(Tensor dy, PackedWeight w, Tensor dx);

  /** dW += xᵀ dy, or = where it has not begun. x [rows, in], dy [rows, out], both of one stored type; dW float32 [in, out]. */
  void linearWeightGradient(Tensor x, Tensor dy, GradientSum dW);

  /** db += sum of the rows of dy, in a fixed order. dy [rows, n] stored; db float32 [n]. */
  void biasGradient(Tensor dy, Tensor db);

  /**
   * c = alpha op(a) op(b) + beta c, all float32 matrices (Muon's iterations, tests); op transposes where asked. With
   * {@code bfloat16} the inputs are rounded to bf16 on the way in, sums stay float32.
   */
  void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, float alpha, float beta,
      boolean bfloat16);

  Norms norms();

  Activations activations();

  Lookups lookups();

  Routing routing();

  /** to = from, float32 to stored or back, rounding to nearest even. */
  void convert(Tensor from, Tensor to);

  /** to += from, of one size; float32 or stored. */
  void add(Tensor from, Tensor to);

  /** y = factor · x, of one size; float32 or stored; y may be x. */
  void scale(Tensor x, float factor, Tensor y);

  /**
   * Dropout (Srivastava et al. 2014): y = x / (1 - rate), or 0 with probability {@code rate}; which, is a function of {@code
   * random} and the element's number alone ({@link KeepMask}), so that the same call on dy is the way back. y may be x.
   */
  void dropout(Tensor x, float rate, CounterRandom random, Tensor y);

  /**
   * Rotary positions (Su et al. 2021, arXiv:2104.09864, eq. 34) in place: in each head of row r the pairs of columns (i, i +
   * half), i < half, are rotated by the angle of row positions[r] of the tables; other columns stay.
   *
   * <pre>
   *   a, b = a cos - b sin, b cos + a sin          back (the transpose): a cos + b sin, b cos - a sin
   * </pre>
   *
   * @param positions int32 [rows]; @param cos float32 [positions, half], what else is multiplied in with it (YaRN) included
   * @param sin likewise
   */
  void rotate(Heads x, Tensor positions, Tensor cos, Tensor sin, boolean back);

  /**
   * y = softmax(scale q kᵀ, capped, plus bias, over the keys that each query sees, dropped out of) v for each head, in tiles (Dao et al. 2022,
   * arXiv:2205.14135): memory grows with the time, not with its square, and work with the keys that are seen.
   *
   * @param y stored [batch, queryTime, ..], heads as q's; where nothing is seen it is zero
   * @param logSumExp float32 [batch, heads, queryTime], for the way back, or null where none follows
   */
  void attention(AttentionInputs inputs, Heads y, Tensor logSumExp);

  /** The way back of {@link #attention}. y and logSumExp are what it gave; dy has heads as y's. */
  void attentionGradient(AttentionInputs inputs, Heads y, Tensor logSumExp, Heads dy, AttentionGradients gradients);

  /** A label that does not count. */
  int IGNORED = -100;

  /**
   * losses[r] = -log softmax(logits[r])[targets[r]], 0 where the target is {@link #IGNORED}; chunks of the vocabulary and of the
   * rows, so that the logits of a batch are never in memory at once. Where {@code dx} is given also the gradients of the SUM
   * of the losses: dx written, dHead (or written, where it has not begun) and dBias added to; rows that are ignored give exact zeros.
   *
   * @param x [rows, width] of the head's type; @param targets int32 [rows]
   * @param losses float32 [rows]; @param dx float32 [rows, width] or null
   * @param dHead the head's master's shape, or null: frozen; @param dBias float32 [vocabulary], or null: frozen or none
   */
  void crossEntropy(Tensor x, Logits logits, Tensor targets, Tensor losses, Tensor dx, GradientSum dHead,
      Tensor dBias);

  /**
   * Losses of small float32 logits [rows, labels], and where it is given the gradient of their SUM.
   *
   * @param targets int32 [rows] for {@link LabelLoss#ONE_OF}, else float32 [rows, labels]
   * @param losses float32 [rows]; @param dLogits float32 [rows, labels], or null
   */
  void labelLoss(LabelLoss loss, Tensor logits, Tensor targets, Tensor losses, Tensor dLogits);

  /** Elements of a block whose squares are summed by themselves: shard borders fall on its multiples. */
  int NORM_BLOCK = 4096;

  /** squares[i] = sum of the squares of block i of {@link #NORM_BLOCK} elements of g (the last may be short), as double. */
  void sumSquares(Tensor g, double[] squares);

  /**
   * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2) in PyTorch's order of operations: w *= 1 - rate · decay;
   * m = β1 m + (1-β1) g; v = β2 v + (1-β2) g²; w -= rate / (1-β1ᵗ) · m / (√v / √(1-β2ᵗ) + ε), with g = gradientScale · gradient.
   * All float32 of one shape.
   */
  void adamw(Tensor w, Tensor gradient, Tensor m, Tensor v, double gradientScale, double rate, double beta1,
      double beta2, double epsilon, double decay, long step);

  @Override
  void close();
}
