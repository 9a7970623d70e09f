package dev.kindling.train.model;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** libtorch is the oracle, on random weights and awkward shapes. Runs in a JVM of its own (see the pom). */
@Tag("libtorch")
class LibtorchGpt2Test {
  /**
   * @param lengths of the rows; what is past them is padding; @param ignored every how many-th label does not count, 0:
   *        none
   */
  private record Shape(int time, int layers, int heads, int headDim, int inner, int vocabulary, boolean tied,
      int ignored,
      int... lengths) {
    @Override
    public String toString() {
      return lengths.length + " rows of " + time + " (" + Arrays.toString(lengths) + "), " + layers + " layers of "
          + heads
          + " x " + headDim + ", inner " + inner + ", vocabulary " + vocabulary + (tied ? "" : ", head of its own");
    }
  }

  private static final List<Shape> AWKWARD = List.of(
      new Shape(1, 1, 1, 8, 32, 13, true, 0, 1),                               // one token, one head
      new Shape(7, 2, 3, 5, 61, 37, true, 0, 7),                               // nothing even
      new Shape(19, 1, 1, 24, 96, 101, true, 3, 19, 4, 1),                     // padding and ignored labels
      new Shape(33, 3, 2, 16, 128, 257, false, 0, 33, 32),                     // a head of its own
      new Shape(2, 1, 4, 8, 128, 64, true, 0, 2, 2, 2, 1, 0),                  // pairs, and a row of padding only
      new Shape(129, 1, 4, 8, 128, 1031, true, 5, 129, 128, 1, 77),            // over a block of 128, prime vocabulary
      new Shape(131, 2, 1, 64, 100, 96, false, 2, 131),                        // one wide head, one row
      new Shape(15, 1, 2, 32, 256, 4099, true, 0, 15, 15, 3, 15, 2, 15, 9, 15, 15));

  static Stream<Arguments> shapes() {
    return Arrays.stream(TestKernels.values()).flatMap(k -> AWKWARD.stream().map(s -> Arguments.of(s, k)));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void lossAndEveryGradientAgreeWithLibtorch(Shape shape, TestKernels library) {
    Gpt2Config config = new Gpt2Config(shape.vocabulary, shape.time, shape.heads * shape.headDim, shape.layers,
        shape.heads,
        shape.inner, 1e-5f, shape.tied, 0.02f, -1, List.of());
    try (Kernels kernels = library.open(2);
        DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      Batch batch = Samples.batch(shape.vocabulary, shape.time, shape.ignored, shape.lengths);
      TorchGpt2.run(config, model.weightSource(), batch).check(model, batch);
    }
  }
}
