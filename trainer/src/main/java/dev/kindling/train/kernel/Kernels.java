package dev.kindling.train.kernel;

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

  // ---- matrix products ------------------------------------------------------------------------------------------------

  /** Makes room for a weight {@code W [in, out]}; {@code storedTransposed}: its master is [out, in]. */
  PackedWeight weight(long in, long out, boolean storedTransposed, DType type);

  /** Refreshes {@code packed} from its float32 master. */
  void pack(Tensor master, PackedWeight packed);

  /** y = x W + bias. x [rows, in] of W's type; bias float32 [out] or null; y [rows, out], float32 or stored. */
  void linear(Tensor x, PackedWeight w, Tensor bias, Tensor y);

  /** dx = dy Wᵀ. dy [rows, out] of W's type; dx [rows, in], float32 or stored. */
  void linearInputGradient(Tensor dy, PackedWeight w, Tensor dx);

  /** dW += xᵀ dy. x [rows, in], dy [rows, out], both of one stored type; dW float32 [in, out]. */
  void linearWeightGradient(Tensor x, Tensor dy, Tensor dW);

  /** db += sum of the rows of dy, in a fixed order. dy [rows, n] stored; db float32 [n]. */
  void biasGradient(Tensor dy, Tensor db);

  /**
   * c = alpha op(a) op(b) + beta c, all float32 matrices (Muon's iterations, tests); op transposes where asked. With
   * {@code bfloat16} the inputs are rounded to bf16 on the way in, sums stay float32.
   */
  void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, float alpha, float beta,
      boolean bfloat16);

  // ---- rows -----------------------------------------------------------------------------------------------------------

  /** x[r] = table[ids[r]] + positions[r % time]. ids int32 [rows]; table, positions and x float32 [.., width]. */
  void embed(Tensor ids, Tensor table, Tensor positions, long time, Tensor x);

  /** dTable[ids[r]] += dx[r], dPositions[r % time] += dx[r], in row order. */
  void embedGradient(Tensor ids, Tensor dx, long time, Tensor dTable, Tensor dPositions);

  /**
   * sum = x + residual; y = (sum - mean) / √(variance + epsilon) · scale + shift; stats[r] = (mean, 1/√(variance + epsilon))
   * (Ba et al. 2016, eq. 3-4; biased variance).
   *
   * @param residual float32 like x, or null: then sum is x itself and not written
   * @param sum float32 [rows, width], may be x
   * @param y [rows, width], float32 or stored
   * @param stats float32 [rows, 2]
   */
  void layerNorm(Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, float epsilon, Tensor y,
      Tensor stats);

  /**
   * The way back of {@link #layerNorm}: dx = dResidual + d(layer norm)/d(sum), scale and shift gradients added.
   *
   * @param dy float32 or stored [rows, width]
   * @param sum what the norm read
   * @param dResidual float32 gradient that reaches sum past the norm, or null; may be dx
   * @param dx float32 [rows, width]
   */
  void layerNormGradient(Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual, Tensor dx, Tensor dScale,
      Tensor dShift);

  /** y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016): GPT-2's gelu_new. x, y stored. */
  void gelu(Tensor x, Tensor y);

  /** dx = dy gelu'(x); all stored; dx may be dy. */
  void geluGradient(Tensor x, Tensor dy, Tensor dx);

  /** to = from, float32 to stored or back, rounding to nearest even. */
  void convert(Tensor from, Tensor to);

  /** to += from, both float32. */
  void add(Tensor from, Tensor to);

  // ---- attention ------------------------------------------------------------------------------------------------------

  /**
   * Causal multi-head self-attention in tiles (Dao et al. 2022, arXiv:2205.14135): never holds [time, time] of a batch.
   *
   * @param qkv stored [batch, time, 3 · heads · headDim]: queries, keys, values side by side
   * @param lengths int32 [batch]: tokens of each row that are not padding on the right; what is past them is not attended to
   *        and their own output is zero; null: all
   * @param y stored [batch, time, heads · headDim]
   * @param logSumExp float32 [batch, heads, time], for the way back
   */
  void attention(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp);

  /** dqkv from dy; every element of dqkv is written. y is the forward's output. */
  void attentionGradient(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp, Tensor dy, Tensor dqkv);

  /**
   * One token's attention over a cache: y = softmax(q kᵀ / √headDim) v over the first {@code length} entries.
   *
   * @param q float32 [heads · headDim]; @param keys float32 [≥ length, heads · headDim]; @param values likewise
   * @param y float32 [heads · headDim]
   */
  void attendOne(Tensor q, Tensor keys, Tensor values, long length, int heads, Tensor y);

  // ---- loss -----------------------------------------------------------------------------------------------------------

  /** A label that does not count. */
  int IGNORED = -100;

  /**
   * losses[r] = -log softmax(x[r] W)[targets[r]], 0 where the target is {@link #IGNORED}; chunks of the vocabulary and of the
   * rows, so that the logits of a batch are never in memory at once. Where {@code dx} is given also the gradients of the SUM
   * of the losses: dx written, dHead added to; rows that are ignored give exact zeros.
   *
   * @param x [rows, width] of the head's type; @param head [width, vocabulary]; @param targets int32 [rows]
   * @param losses float32 [rows]; @param dx float32 [rows, width] or null; @param dHead the head's master's shape, or null
   */
  void crossEntropy(Tensor x, PackedWeight head, Tensor targets, Tensor losses, Tensor dx, Tensor dHead);

  // ---- parameters -----------------------------------------------------------------------------------------------------

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
