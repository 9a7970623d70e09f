package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertClose;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.kindling.train.tensor.DType;
import java.util.Arrays;
import java.util.stream.Stream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * libtorch's own attention in double precision, given a matrix of biases with -10³⁰⁰ where nothing is to be seen, as the oracle
 * of ours. It knows no soft cap: that is written in its operations. Runs in a JVM of its own (see the pom).
 */
@Tag("libtorch")
class LibtorchAttentionTest {
  static Stream<AttentionCase> shapes() {
    return Stream.concat(AttentionTest.awkwardShapes(), AttentionTest.randomShapes())
        .filter(shape -> shape.type() == DType.FLOAT32);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void attentionAndItsGradientsAgreeWithLibtorch(AttentionCase shape) {
    try (Kernels kernels = KernelLibraries.best(2);
        Machine machine = new Machine(kernels, 11);
        PointerScope scope = new PointerScope()) {
      AttentionCase.Found found = shape.run(machine);
      AttentionInputs inputs = found.inputs();
      Tensor q = leaf(inputs.q());
      Tensor k = leaf(inputs.k());
      Tensor v = leaf(inputs.v());
      Tensor mask = tensor(mask(shape, inputs), shape.batch(), shape.heads(), shape.queryTime(), shape.keyTime());
      mask.set_requires_grad(true);
      Tensor y = attention(shape, inputs, q, k, v, mask).mul(sighted(shape));
      y.mul(leaf(Heads.joined(found.dy(), shape.heads()))).sum().backward();
      check("y", Heads.joined(found.y(), shape.heads()), y.detach());
      check("dq", found.gradients().q(), q.grad());
      check("dk", found.gradients().k(), k.grad());
      check("dv", found.gradients().v(), v.grad());
      if (shape.bias())
        assertClose("dBias", Machine.values(found.dBias()), byDistance(shape, doubles(mask.grad())), 1e-5);
    }
  }

  private static Tensor attention(AttentionCase shape, AttentionInputs inputs, Tensor q, Tensor k, Tensor v,
      Tensor mask) {
    double scale = inputs.form().scale();
    if (shape.softcap() == 0 && shape.dropout() == 0) {
      return scaled_dot_product_attention(q, k, v, new TensorOptional(mask), 0, false, new DoubleOptional(scale), true);
    }
    LongOptional heads = new LongOptional(1);
    long group = shape.heads() / shape.keyHeads();
    Tensor keys = k.repeat_interleave(group, heads, new LongOptional());
    Tensor scores = matmul(q, keys.transpose(2, 3)).mul(new Scalar(scale));
    if (shape.softcap() > 0) {
      scores = scores.mul(new Scalar(1.0 / shape.softcap())).tanh().mul(new Scalar((double) shape.softcap()));
    }
    Tensor weights = softmax(scores.add(mask), -1).mul(kept(shape, inputs));
    return matmul(weights, v.repeat_interleave(group, heads, new LongOptional()));
  }

  /** What dropout multiplies the weights with. */
  private static Tensor kept(AttentionCase shape, AttentionInputs inputs) {
    double[] kept = new double[shape.batch() * shape.heads() * shape.queryTime() * shape.keyTime()];
    for (int i = 0; i < kept.length; i++) {
      int row = i / shape.keyTime();
      int head = row / shape.queryTime();
      kept[i] = AttentionDefinition.mask(inputs, head / shape.heads(), head % shape.heads(), row % shape.queryTime(),
          i % shape.keyTime());
    }
    return tensor(kept, shape.batch(), shape.heads(), shape.queryTime(), shape.keyTime());
  }

  /** 0 for queries that see nothing: libtorch lets them see everything alike. */
  private static Tensor sighted(AttentionCase shape) {
    double[] values = new double[shape.batch() * shape.queryTime()];
    for (int i = 0; i < values.length; i++) {
      values[i] = shape.isBlind(i / shape.queryTime(), i % shape.queryTime()) ? 0 : 1;
    }
    return tensor(values, shape.batch(), 1, shape.queryTime(), 1);
  }

  private static double[] mask(AttentionCase shape, AttentionInputs inputs) {
    double[] mask = new double[shape.batch() * shape.heads() * shape.queryTime() * shape.keyTime()];
    int i = 0;
    for (int b = 0; b < shape.batch(); b++) {
      for (int h = 0; h < shape.heads(); h++) {
        for (int t = 0; t < shape.queryTime(); t++) {
          int[] range = shape.mask().range(b, t);
          for (int s = 0; s < shape.keyTime(); s++, i++) {
            if (s < range[0] || s >= range[1]) mask[i] = -1e300;
            else
              if (shape.bias())
                mask[i] = Machine.get(inputs.bias(), (long) h * shape.distances() + column(shape, t, s));
          }
        }
      }
    }
    return mask;
  }

  private static int column(AttentionCase shape, int t, int s) {
    return s - t + shape.queryTime() - 1;
  }

  /** The sums of gradients of all scores that share a bias. */
  private static float[] byDistance(AttentionCase shape, double[] gradients) {
    double[] sums = new double[shape.heads() * shape.distances()];
    for (int i = 0; i < gradients.length; i++) {
      int s = i % shape.keyTime();
      int t = i / shape.keyTime() % shape.queryTime();
      int head = i / shape.keyTime() / shape.queryTime() % shape.heads();
      sums[head * shape.distances() + column(shape, t, s)] += gradients[i];
    }
    return AttentionDefinition.floats(sums);
  }

  /** To the largest of what is compared, and where all is zero but for rounding (one key: weights are 1) to 1. */
  private static void check(String what, Heads actual, Tensor expected) {
    double[] values = doubles(expected);
    double largest = Arrays.stream(values).map(Math::abs).max().orElse(0);
    assertClose(what, AttentionDefinition.floats(AttentionCase.values(actual)), AttentionDefinition.floats(values),
        largest > 1e-6 ? 1e-5 : 1e-6 / Math.max(largest, 1e-30));
  }

  private static Tensor leaf(Heads heads) {
    Tensor leaf = tensor(AttentionCase.values(heads), heads.batch(), heads.count(), heads.time(), heads.headDim());
    leaf.set_requires_grad(true);
    return leaf;
  }

  private static Tensor tensor(double[] values, long... shape) {
    return from_blob(new DoublePointer(values), shape, new TensorOptions(ScalarType.Double)).clone();
  }

  private static double[] doubles(Tensor values) {
    double[] doubles = new double[(int) values.numel()];
    new DoublePointer(values.contiguous().data_ptr()).get(doubles);
    return doubles;
  }
}
