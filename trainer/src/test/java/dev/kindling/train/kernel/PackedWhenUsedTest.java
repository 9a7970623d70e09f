package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertSameBits;
import static dev.kindling.train.kernel.Twins.TWO;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** It does not show in a product whether its weight was held packed. */
class PackedWhenUsedTest {
  private static final DType F = DType.FLOAT32;

  record Shape(DType type, int in, int out, boolean transposed) {}

  static Stream<Shape> shapes() {
    List<Shape> shapes = new ArrayList<>();
    for (DType type : new DType[]{F, DType.BFLOAT16}) {
      for (boolean transposed : new boolean[]{false, true}) {
        shapes.add(new Shape(type, 64, 128, transposed));
        shapes.add(new Shape(type, 1, 64, transposed));
        shapes.add(new Shape(type, 145, 192, transposed));
        shapes.add(new Shape(type, 300, 1100, transposed));
        shapes.add(new Shape(type, 1024, 64, transposed));           // rows that begin at the same set of the cache
        shapes.add(new Shape(type, 32, 2048, transposed));
        shapes.add(new Shape(type, 24, 17_001, transposed));         // in parts
      }
    }
    return shapes.stream();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void whatIsPackedWhenUsedGivesTheSameBits(Shape s) {
    try (Machine machine = new Machine(TWO, 12)) {
      Tensor master = s.transposed ? machine.random(F, s.out, s.in) : machine.random(F, s.in, s.out);
      Tensor x = machine.random(s.type, 130, s.in);
      Tensor dy = machine.random(s.type, 130, s.out);
      Tensor targets = machine.ids(s.out, 130);
      List<Tensor> held = new ArrayList<>();
      List<Tensor> used = new ArrayList<>();
      try (PackedWeight weight = machine.pack(master, s.transposed, s.type)) {
        run(machine, weight, x, dy, targets, held);
        TWO.packWhenUsed(master, weight);
        run(machine, weight, x, dy, targets, used);
      }
      for (int i = 0; i < held.size(); i++) assertSameBits("output " + i, used.get(i), held.get(i));
    }
  }

  private static void run(Machine machine, PackedWeight weight, Tensor x, Tensor dy, Tensor targets, List<Tensor> to) {
    Tensor y = machine.empty(F, 130, weight.out());
    Tensor dx = machine.empty(F, 130, weight.in());
    Tensor stored = machine.empty(weight.type(), 130, weight.in());
    Tensor losses = machine.empty(F, 130);
    Tensor dxOfLoss = machine.empty(F, 130, weight.in());
    TWO.linear(x, weight, null, y);
    TWO.linearInputGradient(dy, weight, dx);
    TWO.linearInputGradient(dy, weight, stored);
    TWO.crossEntropy(x, Logits.of(weight), targets, losses, dxOfLoss, null, null);
    to.addAll(List.of(y, dx, stored, losses, dxOfLoss));
  }
}
