package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.AttentionDefinition.floats;
import static dev.kindling.train.kernel.Machine.assertClose;

import dev.kindling.train.kernel.AttentionCase.Layout;
import dev.kindling.train.kernel.AttentionCase.Mask;
import dev.kindling.train.tensor.DType;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plain attention against its definition, and its gradients against finite differences of that. */
class PlainAttentionTest {
  private static final DType F = DType.FLOAT32;

  static Stream<AttentionCase> shapes() {
    AttentionCase cross = new AttentionCase(F, 2, 2, 2, 4, 3, 7, Mask.all(7), Layout.APART, 0, false);
    return Stream.of(
        AttentionCase.of(F, 1, 1, 1, 1, Mask.all(1)),
        AttentionCase.of(F, 2, 2, 3, 5, Mask.causal(5, 5)),
        AttentionCase.of(F, 3, 2, 4, 6, Mask.causal(6, 6).padded(6, 0, 2)),
        AttentionCase.of(F, 2, 4, 4, 7, Mask.window(3, 7, 7)).grouped(2),
        AttentionCase.of(F, 2, 3, 4, 7, Mask.window(3, 7, 7)).grouped(1).laid(Layout.APART),
        AttentionCase.of(F, 2, 2, 5, 6, Mask.all(6).padded(4, 6)).biased(),
        AttentionCase.of(F, 1, 2, 4, 9, Mask.causal(9, 9).documents(4)).laid(Layout.HEAD_BY_HEAD),
        AttentionCase.of(F, 2, 2, 4, 6, Mask.causal(6, 6)).capped(0.8f),
        AttentionCase.of(F, 2, 4, 4, 6, Mask.causal(6, 6).paddedLeft(2, 0)).grouped(2).capped(0.8f).biased(),
        AttentionCase.of(F, 2, 4, 4, 7, Mask.causal(7, 7)).grouped(2).dropping(0.4f),
        AttentionCase.of(F, 2, 2, 4, 6, Mask.all(6).padded(4, 6)).capped(0.8f).biased().dropping(0.2f),
        cross.dropping(0.5f), cross, cross.laid(Layout.KEYS_WITH_VALUES).biased(),
        new AttentionCase(F, 1, 2, 1, 4, 3, 8, Mask.window(4, 3, 8), Layout.APART, 0, true));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void attentionAndItsGradientsAreTheDefinitions(AttentionCase shape) {
    try (Kernels kernels = PlainKernels.of(2); Machine machine = new Machine(kernels, 3)) {
      AttentionCase.Found found = shape.run(machine);
      AttentionDefinition definition = new AttentionDefinition(shape, found.inputs());
      double[] dy = AttentionCase.values(Heads.joined(found.dy(), shape.heads()));
      assertClose("y", floats(AttentionCase.values(Heads.joined(found.y(), shape.heads()))),
          floats(definition.output()), 1e-6);
      AttentionCase.Three gradients = found.gradients();
      assertClose("gradients of q, k, v and the bias",
          joined(floats(AttentionCase.values(gradients.q())), floats(AttentionCase.values(gradients.k())),
              floats(AttentionCase.values(gradients.v())),
              shape.bias() ? Machine.values(found.dBias()) : new float[0]),
          joined(definition.gradient(definition.q, dy), definition.gradient(definition.k, dy),
              definition.gradient(definition.v, dy),
              shape.bias() ? definition.gradient(definition.bias, dy) : new float[0]),
          1e-5);
    }
  }

  /** One after another: some are zero but for rounding, and are held to the largest of all. */
  private static float[] joined(float[]... parts) {
    int size = 0;
    for (float[] part : parts) size += part.length;
    float[] all = new float[size];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
