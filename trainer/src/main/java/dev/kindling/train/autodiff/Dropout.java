package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.CounterRandom;

/**
 * Dropout (Srivastava et al. 2014) in place: y = x / (1 - rate) where the element's random number keeps it, else 0. Back: the
 * same of dy. The mask is never stored: it is a function of the tape's random numbers and the element's place.
 *
 * @param y over x's memory
 */
public record Dropout(Value x, float rate, CounterRandom random, Value y) implements Operation {
  /** @param x spent; @return x itself where nothing is dropped: the rate is 0, or the tape was reset without random numbers */
  public static Value of(Value x, float rate) {
    Tape tape = x.tape();
    CounterRandom random = rate == 0 ? null : tape.nextRandom();
    if (random == null) return x;
    Value y = new Value(tape, x.spend());
    tape.kernels().dropout(x.data(), rate, random, y.data());
    tape.record(new Dropout(x, rate, random, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowInPlace(y, x, d -> tape.kernels().dropout(d, rate, random, d));
  }
}
