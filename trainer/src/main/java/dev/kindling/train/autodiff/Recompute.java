package dev.kindling.train.autodiff;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A part of a model of which only the input and the outputs are kept on the way forward; the way back computes it once more,
 * with the same random numbers, and so has the same bits (Chen et al. 2016, arXiv:1604.06174, section 3.2). Where the tape keeps
 * everything ({@link Tape#recomputes}) the part runs as it is.
 *
 * <p>What else a part reads must last until the next reset; gradients flow to it as without this.
 *
 * @param part a function of x alone, called once forward and once on the way back
 * @param drawn how many streams of random numbers were drawn before
 */
public record Recompute(Value x, Function<Value, List<Value>> part, List<Value> outputs, long drawn)
    implements
      Operation {

  /** @param part of one output; @return that output */
  public static Value of(Value x, UnaryOperator<Value> part) {
    return ofSeveral(x, input -> List.of(part.apply(input))).get(0);
  }

  /** @param part whose outputs are float32 */
  public static List<Value> ofSeveral(Value x, Function<Value, List<Value>> part) {
    Tape tape = x.tape();
    if (!tape.recomputes()) return part.apply(x);
    Recompute recompute = new Recompute(x, part, new ArrayList<>(), tape.drawn());
    x.use();
    tape.runPart(false, tape.drawn(), () -> {
      for (Value found : part.apply(recompute.input())) recompute.outputs.add(tape.kept(found));
    });
    tape.record(recompute);
    return recompute.outputs;
  }

  /** Operations that write over their input may not do so with what is to be read again. */
  private Value input() {
    Value input = new Value(x.tape(), x.data());
    input.keep();
    return input;
  }

  @Override
  public void backward(Tape tape) {
    if (outputs.stream().allMatch(y -> y.dy() == null)) return;
    tape.runPart(true, drawn, () -> {
      Value input = input();
      List<Value> found = part.apply(input);
      for (int i = 0; i < found.size(); i++) {
        found.get(i).gradient = outputs.get(i).gradient;
        outputs.get(i).gradient = null;
      }
      tape.backward();
      if (input.gradient != null) tape.flow(x, input.gradient);
    });
  }
}
