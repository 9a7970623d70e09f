package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.AttentionDropout;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.kernel.AttentionGradients;
import dev.kindling.train.kernel.AttentionInputs;
import dev.kindling.train.kernel.Heads;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Attention of many heads: y = softmax(s) v over the keys that each query sees, s = scale q kᵀ, capped, plus bias (Vaswani et
 * al. 2017, eq. 1; {@link AttentionForm}), the matrix of weights P never whole in memory. Back (Dao et al. 2022, algorithm 4):
 * P again from the stored log of its row sums, dv = Pᵀ dy, dS = P ⊙ (dy vᵀ - rowsum(dy ⊙ y)), dBias[s - t] += dS, dq = scale
 * dS' k, dk = scale dS'ᵀ q with dS' = dS (1 - tanh²) where there is a cap.
 *
 * @param q heads of a stored value [batch · queryTime, ..]
 * @param k heads of a stored value [batch · keyTime, ..]; @param v likewise; the three may be parts of one value
 * @param ranges int32 [batch, queryTime, 2]: the keys [from, to) that each query sees, as {@link AttentionInputs} has it
 * @param bias float32 [heads, queryTime + keyTime - 1], or null; its gradient is computed unless it is constant
 * @param dropout of P, or null; its mask multiplies P, and the gradient that reaches it
 * @param y stored [batch · queryTime, heads · headDim]
 * @param logSumExp float32 [batch, heads, queryTime], or null where no way back follows
 */
public record Attend(HeadsOf q, HeadsOf k, HeadsOf v, AttentionForm form, Tensor ranges, Value bias,
    AttentionDropout dropout, Value y, Tensor logSumExp) implements Operation {

  /** @return stored [batch · queryTime, heads · headDim], heads joined */
  public static Value of(HeadsOf q, HeadsOf k, HeadsOf v, AttentionForm form, Tensor ranges, Value bias) {
    Tape tape = q.value().tape();
    Value y = tape.value(q.value().type(), q.value().data().rows(), (long) q.count() * q.headDim());
    Tensor logSumExp = tape.isRecording() ? tape.take(DType.FLOAT32, ranges.dim(0), q.count(), ranges.dim(1)) : null;
    CounterRandom random = form.dropout() == 0 ? null : tape.nextRandom();
    AttentionDropout dropout = random == null ? null : new AttentionDropout(form.dropout(), random);
    Attend attend = new Attend(q, k, v, form, ranges, bias, dropout, y, logSumExp);
    if (tape.isRecording()) attend.requireThatAllColumnsAreHeads();
    attend.use();
    tape.kernels().attention(attend.inputs(), attend.joined(y.data()), logSumExp);
    if (tape.isRecording()) y.keep();
    tape.record(attend);
    return y;
  }

  private void use() {
    q.value().use();
    if (k.value() != q.value()) k.value().use();
    if (v.value() != q.value() && v.value() != k.value()) v.value().use();
    if (bias != null) bias.use();
  }

  /** Columns of no head would have a gradient that nobody writes. */
  private void requireThatAllColumnsAreHeads() {
    for (HeadsOf some : new HeadsOf[]{q, k, v}) {
      if (some.value().isConstant()) continue;
      long covered = 0;
      for (HeadsOf one : new HeadsOf[]{q, k, v}) {
        if (one.value() == some.value()) covered += (long) one.count() * one.headDim();
      }
      if (covered != some.value().data().dim(-1)) {
        throw new IllegalArgumentException(some.value().data() + " has columns besides the heads " + some);
      }
    }
  }

  private AttentionInputs inputs() {
    return new AttentionInputs(in(q, q.value().data()), in(k, k.value().data()), in(v, v.value().data()), form, ranges,
        bias == null ? null : bias.data(), dropout);
  }

  private Heads in(HeadsOf heads, Tensor rows) {
    return heads.in(rows, ranges.dim(0));
  }

  private Heads joined(Tensor rows) {
    return in(HeadsOf.joined(y, q.count()), rows);
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    Tensor dy = y.dy();
    if (dy.type() != y.type()) {                           // a sum of several: wider than what is multiplied
      dy = tape.borrow(y.type(), dy.shape());
      tape.kernels().convert(y.dy(), dy);
    }
    backward(tape, dy);
    if (dy != y.dy()) tape.giveBack(dy);
    tape.done(y);
  }

  private void backward(Tape tape, Tensor dy) {
    Tensor dq = gradient(tape, q);
    Tensor dk = k.value() == q.value() ? dq : gradient(tape, k);
    Tensor dv = v.value() == q.value() ? dq : v.value() == k.value() ? dk : gradient(tape, v);
    if (bias == null || bias.isConstant()) {
      run(tape, dy, dq, dk, dv, null);
    } else {
      tape.flowAdded(bias, dBias -> run(tape, dy, dq, dk, dv, dBias));
    }
    tape.flow(q.value(), dq);
    if (dk != dq) tape.flow(k.value(), dk);
    if (dv != dq && dv != dk) tape.flow(v.value(), dv);
  }

  private static Tensor gradient(Tape tape, HeadsOf heads) {
    Tensor data = heads.value().data();
    return tape.borrow(data.type(), data.shape());
  }

  private void run(Tape tape, Tensor dy, Tensor dq, Tensor dk, Tensor dv, Tensor dBias) {
    tape.kernels().attentionGradient(inputs(), joined(y.data()), logSumExp, joined(dy),
        new AttentionGradients(in(q, dq), in(k, dk), in(v, dv), dBias));
  }
}
