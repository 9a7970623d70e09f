package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Causal attention of many heads: y = softmax(q kᵀ / √headDim + mask) v (Vaswani et al. 2017, eq. 1), the matrix of
 * weights P never whole in memory. Back (Dao et al. 2022, algorithm 4): P again from the stored log of its row sums, dv
 * = Pᵀ dy, dS = P ⊙ (dy vᵀ - rowsum(dy ⊙ y)), dq = dS k / √headDim, dk = dSᵀ q / √headDim.
 *
 * @param qkv stored [batch, time, 3 · width]
 * @param lengths int32 [batch], tokens of a row that are no padding, or null
 * @param y stored [batch, time, width]
 * @param logSumExp float32 [batch, heads, time]
 */
public record Attend(Value qkv, int heads, Tensor lengths, Value y, Tensor logSumExp) implements Operation {
  /** @param qkv [batch · time, 3 · width]; @return [batch · time, width] */
  public static Value of(Value qkv, int heads, long batch, Tensor lengths) {
    Tape tape = qkv.tape();
    long rows = qkv.data().rows();
    Value y = tape.value(qkv.type(), rows, qkv.data().dim(-1) / 3);
    Tensor logSumExp = tape.take(DType.FLOAT32, batch, heads, rows / batch);
    tape.kernels().attention(batched(qkv.use(), batch), heads, lengths, batched(y.data(), batch), logSumExp);
    tape.record(new Attend(qkv, heads, lengths, y, logSumExp));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    long batch = logSumExp.dim(0);
    tape.flow(qkv, qkv.type(), dqkv -> tape.kernels().attentionGradient(batched(qkv.data(), batch), heads, lengths,
        batched(y.data(), batch), logSumExp, batched(y.dy(), batch), batched(dqkv, batch)));
    tape.done(y);
  }

  private static Tensor batched(Tensor x, long batch) {
    return x.reshape(batch, x.rows() / batch, x.dim(-1));
  }
}
