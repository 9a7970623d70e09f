package dev.kindling.train.autodiff;

import static org.bytedeco.pytorch.global.torch.binary_cross_entropy_with_logits;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.mse_loss;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.silu;
import static org.bytedeco.pytorch.global.torch.tanh;

import dev.kindling.train.autodiff.Embed.Lookup;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.LabelLoss;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.model.Agreement;
import dev.kindling.train.model.TestKernels;
import dev.kindling.train.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** libtorch, in double, is the oracle of the operations on rows, on shapes of nothing even. Runs in a JVM of its own. */
@Tag("libtorch")
class LibtorchRowsTest {
  private static final DType F = DType.FLOAT32;
  private static final long[][] SHAPES = {{1, 1}, {1, 7}, {3, 5}, {37, 101}, {130, 1031}};

  /** What the loss is taken of. @param in inputs, then weights */
  @FunctionalInterface
  private interface Oracle {
    Tensor of(Tensor[] in);
  }

  @ParameterizedTest
  @EnumSource
  void norms(TestKernels library) throws Exception {
    for (long[] shape : SHAPES) {
      try (FiniteDifferences by = new FiniteDifferences(library.open(2))) {
        Weight scale = by.vector(shape[1]);
        Weight shift = by.vector(shape[1]);
        Oracle layer = in -> layer_norm(in[0], new long[]{shape[1]}, new TensorOptional(in[1]),
            new TensorOptional(in[2]), 1e-5, false);
        agree(by, (tape, in) -> List.of(Normalize.of(Norm.layer(1e-5f), in[0], scale, shift, F)), layer,
            List.of(scale, shift), shape);
        for (int offset = 0; offset < 2; offset++) {
          Norm norm = new Norm(false, 1e-6f, offset);
          Scalar added = new Scalar(offset);
          Oracle rms = in -> in[0].mul(in[0].square().mean(new long[]{-1}, true, null).add(new Scalar(1e-6)).rsqrt())
              .mul(in[1].add(added));
          agree(by, (tape, in) -> List.of(Normalize.of(norm, in[0], scale, null, F)), rms, List.of(scale), shape);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void activationsAndGates(TestKernels library) throws Exception {
    for (long[] shape : SHAPES) {
      try (FiniteDifferences by = new FiniteDifferences(library.open(2))) {
        for (Activation a : Activation.values()) {
          agree(by, (tape, in) -> List.of(Activate.of(a, in[0])), in -> apply(a, in[0]), List.of(), shape);
          agree(by, (tape, in) -> List.of(Gate.of(a, in[0], in[1])), in -> apply(a, in[0]).mul(in[1]), List.of(), shape,
              shape);
        }
      }
    }
  }

  private static Tensor apply(Activation a, Tensor x) {
    return switch (a) {
      case GELU_TANH -> gelu(x, "tanh");
      case GELU_ERF -> gelu(x, "none");
      case RELU -> relu(x);
      case SILU -> silu(x);
      case TANH -> tanh(x);
    };
  }

  @ParameterizedTest
  @EnumSource
  void embeddings(TestKernels library) throws Exception {
    for (long[] shape : SHAPES) {
      try (FiniteDifferences by = new FiniteDifferences(library.open(2))) {
        Weight table = by.table(11, shape[1]);
        Weight segments = by.table(2, shape[1]);
        int[] ids = new Random(1).ints(shape[0], 0, 11).toArray();
        int[] kinds = new Random(2).ints(shape[0], 0, 2).toArray();
        agree(by, (tape, in) -> List.of(Embed.of(tape, new Lookup(tape.integers(ids, ids.length), table, 1.5f),
            new Lookup(tape.integers(kinds, kinds.length), segments))),
            in -> embedding(in[0], longs(ids)).mul(new Scalar(1.5)).add(embedding(in[1], longs(kinds))),
            List.of(table, segments));
      }
    }
  }

  /** @param ignored every how many-th label does not count; 1: none counts */
  private record Head(int rows, int width, int vocabulary, boolean transposed, boolean bias, double softcap,
      int ignored) {}

  private static final List<Head> HEADS = List.of(
      new Head(1, 1, 2, true, false, 0, 9), new Head(3, 16, 50_257, true, true, 0, 2),
      new Head(129, 24, 257, false, true, 3, 3), new Head(37, 8, 1031, true, false, 1.5, 4),
      new Head(131, 8, 97, true, true, 2, 1), new Head(5, 64, 31, false, false, 0, 1));

  @ParameterizedTest
  @EnumSource
  void crossEntropies(TestKernels library) throws Exception {
    for (Head h : HEADS) {
      try (FiniteDifferences by = new FiniteDifferences(library.open(2))) {
        Weight head = by.matrix(h.width, h.vocabulary, h.transposed);
        Weight bias = by.vector(h.vocabulary);
        int[] labels = new Random(3).ints(h.rows, 0, h.vocabulary).toArray();
        for (int r = 0; r < h.rows; r += h.ignored) labels[r] = -100;
        Oracle oracle = in -> {
          Tensor z = matmul(in[0], h.transposed ? in[1].t() : in[1]);
          if (h.bias) z = z.add(in[2]);
          if (h.softcap != 0) z = tanh(z.div(new Scalar(h.softcap))).mul(new Scalar(h.softcap));
          return cross_entropy_loss(z, longs(labels), new TensorOptional(), 0, -100, 0);
        };
        agree(by, (tape, in) -> List.of(new Value(tape, CrossEntropy.of(in[0], head, h.bias ? bias : null,
            (float) h.softcap, tape.integers(labels, labels.length)))), oracle,
            h.bias ? List.of(head, bias) : List.of(head), new long[]{h.rows, h.width});
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void lossesOfFewLabels(TestKernels library) throws Exception {
    for (long[] shape : new long[][]{{1, 1}, {3, 2}, {37, 9}}) {
      try (FiniteDifferences by = new FiniteDifferences(library.open(2))) {
        int[] labels = new Random(3).ints(shape[0], 0, (int) shape[1]).toArray();
        if (labels.length > 1) labels[1] = -100;
        agree(by, (tape, in) -> List.of(new Value(tape,
            LabelledLoss.of(LabelLoss.ONE_OF, in[0], tape.integers(labels, labels.length)))),
            in -> cross_entropy_loss(in[0], longs(labels), new TensorOptional(), 0, -100, 0), List.of(), shape);
        float[] targets = by.random((int) (shape[0] * shape[1]));
        float[] shares = new float[targets.length];
        for (int i = 0; i < shares.length; i++) shares[i] = i % 3 / 2f;
        agree(by, (tape, in) -> List.of(new Value(tape,
            LabelledLoss.of(LabelLoss.ANY_OF, in[0], FiniteDifferences.floats(tape, shares, shape)))),
            in -> binary_cross_entropy_with_logits(in[0], doubles(shares, shape), new TensorOptional(),
                new TensorOptional(), 0).sum(1),
            List.of(), shape);
        agree(by, (tape, in) -> List.of(new Value(tape,
            LabelledLoss.of(LabelLoss.SQUARED, in[0], FiniteDifferences.floats(tape, targets, shape)))),
            in -> mse_loss(in[0], doubles(targets, shape), 0).sum(1), List.of(), shape);
      }
    }
  }

  private static void agree(FiniteDifferences by, FiniteDifferences.Forward ours, Oracle oracle, List<Weight> weights,
      long[]... shapes) {
    float[][] inputs = by.inputs(shapes);
    FiniteDifferences.Run run = by.run(ours, inputs, shapes);
    List<float[]> gradients = new ArrayList<>(Arrays.asList(run.inputGradients()));
    for (Weight w : weights) gradients.add(w.gradient().toFloats());
    try (PointerScope scope = new PointerScope()) {
      Tensor[] in = new Tensor[gradients.size()];
      for (int i = 0; i < shapes.length; i++) in[i] = doubles(inputs[i], shapes[i]).set_requires_grad(true);
      for (int i = shapes.length; i < in.length; i++) {
        Weight w = weights.get(i - shapes.length);
        in[i] = doubles(w.value().toFloats(), w.shape()).set_requires_grad(true);
      }
      Tensor out = oracle.of(in);
      Agreement.FLOAT32.check("output", run.outputs().get(0), floats(out), 0);
      out.reshape(-1).mul(doubles(run.seeds().get(0), run.seeds().get(0).length)).sum().backward();
      double largest = Arrays.stream(in).mapToDouble(t -> Agreement.largest(floats(t.grad()))).max().orElseThrow();
      for (int i = 0; i < in.length; i++) {
        Agreement.FLOAT32.check("gradient " + i, gradients.get(i), floats(in[i].grad()), largest);
      }
    }
  }

  private static Tensor doubles(float[] values, long... shape) {
    return from_blob(new FloatPointer(values), shape).to(ScalarType.Double);
  }

  private static Tensor longs(int[] values) {
    long[] wide = Arrays.stream(values).asLongStream().toArray();
    return from_blob(new LongPointer(wide), new long[]{wide.length}, new TensorOptions(ScalarType.Long)).clone();
  }

  private static float[] floats(Tensor values) {
    double[] doubles = new double[(int) values.numel()];
    new DoublePointer(values.detach().contiguous().data_ptr()).get(doubles);
    float[] floats = new float[doubles.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) doubles[i];
    return floats;
  }
}
