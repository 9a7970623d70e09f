package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertClose;
import static dev.kindling.train.kernel.Machine.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.AttentionCase.Found;
import dev.kindling.train.kernel.AttentionCase.Layout;
import dev.kindling.train.kernel.AttentionCase.Mask;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention in tiles against plain Java, and what holds for every implementation. */
class AttentionTest {
  private static final DType F = DType.FLOAT32;
  private static final DType B = DType.BFLOAT16;
  private static final Kernels PLAIN = KernelLibraries.plain(2);
  private static final Kernels ONE = new OneDnnKernels(1, new VectorRowKernels());
  private static final Kernels TWO = new OneDnnKernels(2, new VectorRowKernels());

  /** Every implementation. */
  enum Library {
    PLAIN, ONE_DNN;

    Kernels kernels() {
      return this == PLAIN ? AttentionTest.PLAIN : TWO;
    }
  }

  @AfterAll
  static void close() {
    for (Kernels kernels : List.of(PLAIN, ONE, TWO)) kernels.close();
  }

  static Stream<AttentionCase> awkwardShapes() {
    List<AttentionCase> shapes = new ArrayList<>();
    for (DType type : new DType[]{F, B}) {
      shapes.add(AttentionCase.of(type, 1, 1, 24, 1, Mask.causal(1, 1)));
      shapes.add(AttentionCase.of(type, 2, 3, 8, 3, Mask.causal(3, 3)));
      shapes.add(AttentionCase.of(type, 2, 3, 64, 37, Mask.causal(37, 37)));
      shapes.add(AttentionCase.of(type, 1, 1, 64, 128, Mask.causal(128, 128)));
      shapes.add(AttentionCase.of(type, 1, 3, 80, 129, Mask.causal(129, 129)).laid(Layout.HEAD_BY_HEAD));
      shapes.add(AttentionCase.of(type, 4, 3, 8, 37, Mask.causal(37, 37).padded(0, 1, 20, 37)));
      shapes.add(AttentionCase.of(type, 5, 1, 24, 259, Mask.causal(259, 259).padded(0, 1, 128, 130, 259)));
      shapes.add(AttentionCase.of(type, 2, 2, 16, 259, Mask.all(259).paddedLeft(7, 200)));
      shapes.add(AttentionCase.of(type, 2, 4, 32, 300, Mask.window(33, 300, 300)).grouped(2));
      shapes.add(AttentionCase.of(type, 1, 4, 4, 260, Mask.causal(260, 260).documents(50)).grouped(1));
      shapes.add(AttentionCase.of(type, 1, 2, 16, 150, Mask.all(150).islands(20)).laid(Layout.APART));
      shapes.add(AttentionCase.of(type, 3, 4, 8, 140, Mask.all(140).padded(140, 3, 77)).biased());
      shapes.add(AttentionCase.of(type, 2, 4, 16, 140, Mask.causal(140, 140)).grouped(2).capped(1.5f));
      shapes.add(AttentionCase.of(type, 2, 2, 16, 140, Mask.window(40, 140, 140)).capped(1.5f).biased());
      shapes.add(new AttentionCase(type, 2, 4, 2, 16, 70, 259, Mask.all(259), Layout.KEYS_WITH_VALUES, 0, false));
      shapes.add(new AttentionCase(type, 2, 2, 2, 8, 200, 9, Mask.all(9), Layout.APART, 0, true));
      shapes.add(new AttentionCase(type, 1, 4, 2, 16, 130, 700, Mask.causal(130, 700), Layout.APART, 0, false));
      shapes.add(new AttentionCase(type, 2, 4, 2, 16, 1, 77, Mask.window(30, 1, 77), Layout.APART, 2, true));
      // keys in several pieces
      shapes.add(AttentionCase.of(type, 1, 2, 8, 1100, Mask.causal(1100, 1100)));
      shapes.add(AttentionCase.of(type, 2, 1, 8, 1030, Mask.all(1030).padded(1030, 600)).capped(1.5f).biased());
      shapes.add(AttentionCase.of(type, 1, 2, 8, 1100, Mask.window(700, 1100, 1100)).grouped(1));
      shapes.add(AttentionCase.of(type, 1, 1, 8, 1100, Mask.all(1100).islands(100)));
    }
    return shapes.stream().flatMap(shape -> Stream.of(shape, shape.dropping(0.3f)));
  }

  /** The same for every run. */
  static Stream<AttentionCase> randomShapes() {
    Random random = new Random(12);
    return random.ints(40).mapToObj(i -> randomShape(random));
  }

  private static AttentionCase randomShape(Random random) {
    int keyHeads = 1 + random.nextInt(3);
    int group = 1 + random.nextInt(3);
    int batch = 1 + random.nextInt(3);
    int headDim = new int[]{4, 8, 20, 64, 80}[random.nextInt(5)];
    boolean self = random.nextBoolean();
    int queries = 1 + random.nextInt(random.nextBoolean() ? 20 : 280);
    int keys = self ? queries : 1 + random.nextInt(random.nextBoolean() ? 20 : 280);
    int[] lengths = new int[batch];
    for (int i = 0; i < batch; i++) lengths[i] = random.nextInt(queries + 1);
    Mask mask = switch (random.nextInt(self ? 6 : 1)) {
      case 0 -> Mask.all(keys);
      case 1 -> Mask.causal(keys, keys).padded(lengths);
      case 2 -> Mask.window(1 + random.nextInt(keys), keys, keys);
      case 3 -> Mask.window(1 + random.nextInt(keys), keys, keys).paddedLeft(lengths);
      case 4 -> Mask.causal(keys, keys).documents(1 + random.nextInt(keys)).padded(lengths);
      default -> Mask.all(keys).documents(1 + random.nextInt(keys));
    };
    Layout layout = self ? Layout.SIDE_BY_SIDE : random.nextBoolean() ? Layout.APART : Layout.KEYS_WITH_VALUES;
    return new AttentionCase(random.nextBoolean() ? F : B, batch, keyHeads * group, keyHeads, headDim, queries, keys,
        mask, layout, random.nextInt(3) == 0 ? 1 + random.nextFloat() : 0, random.nextInt(3) == 0);
  }

  /**
   * In float32 rounding alone. In bf16 outputs, the weights P and the gradients dS of scores are rounded to 8 bits, 2⁻⁹ of
   * each, where plain Java rounds outputs only; sums over them stay below 2⁻⁶ of the largest.
   */
  private static double tolerance(DType type) {
    return type == F ? 5e-6 : 1.6e-2;
  }

  @ParameterizedTest
  @MethodSource({"awkwardShapes", "randomShapes"})
  void attentionAndItsGradientAgreeWithPlainJavaAndDoNotDependOnThreads(AttentionCase shape) {
    try (Machine plain = new Machine(PLAIN, 7); Machine one = new Machine(ONE, 7); Machine two = new Machine(TWO, 7)) {
      Found expected = shape.run(plain);
      Found found = shape.run(one);
      Found threaded = shape.run(two);
      double tolerance = tolerance(shape.type());
      assertClose("y", found.y(), expected.y(), tolerance);
      assertClose("logSumExp", found.logSumExp(), expected.logSumExp(), 5e-6);
      assertSameBits("y", threaded.y(), found.y());
      float[] expectedGradients = gradients(expected);
      assertClose("gradients", gradients(found), expectedGradients, tolerance);
      assertSameBits("gradients", gradients(threaded), gradients(found));
      if (shape.bias()) {
        assertClose("dBias", found.dBias(), expected.dBias(), tolerance);
        assertSameBits("dBias", threaded.dBias(), found.dBias());
      }
    }
  }

  private static float[] gradients(Found found) {
    double[][] parts = {AttentionCase.values(found.gradients().q()), AttentionCase.values(found.gradients().k()),
        AttentionCase.values(found.gradients().v())};
    return AttentionDefinition.floats(Stream.of(parts).flatMapToDouble(java.util.Arrays::stream).toArray());
  }

  static Stream<AttentionCase> shapesWithPadding() {
    return awkwardShapes().filter(shape -> {
      for (int i = 0; i < shape.batch() * shape.queryTime(); i++) {
        if (shape.isBlind(i / shape.queryTime(), i % shape.queryTime())) return true;
      }
      return false;
    });
  }

  @ParameterizedTest
  @MethodSource("shapesWithPadding")
  void whatNobodySeesIsNotReadEvenWhereItIsNoNumberAndItsGradientsAreZero(AttentionCase shape) {
    for (Kernels kernels : List.of(PLAIN, TWO)) {
      try (Machine machine = new Machine(kernels, 5)) {
        AttentionInputs inputs = shape.inputs(machine);
        Tensor dy = machine.random(shape.type(), shape.batch(), shape.queryTime(),
            (long) shape.heads() * shape.headDim());
        Found clean = shape.run(machine, inputs, dy);
        onPadding(shape, inputs.q(), true, Float.NaN);
        onPadding(shape, Heads.joined(dy, shape.heads()), true, Float.NaN);
        onPadding(shape, inputs.k(), false, Float.NaN);
        onPadding(shape, inputs.v(), false, Float.NaN);
        Found found = shape.run(machine, inputs, dy);
        assertSameBits("y", found.y(), clean.y());
        assertSameBits("gradients", gradients(found), gradients(clean));
        assertThat(onPadding(shape, Heads.joined(found.y(), shape.heads()), true, 0)).containsOnly(0f);
        assertThat(onPadding(shape, found.gradients().q(), true, 0)).containsOnly(0f);
        for (float value : onPadding(shape, found.gradients().k(), false, 0)) assertThat(value).isZero();
        for (float value : onPadding(shape, found.gradients().v(), false, 0)) assertThat(value).isZero();
      }
    }
  }

  /** Writes what stands on queries that see nothing, or on keys that nobody sees. @return what was there */
  private static float[] onPadding(AttentionCase shape, Heads heads, boolean queries, float value) {
    List<Float> before = new ArrayList<>();
    for (int b = 0; b < heads.batch(); b++) {
      for (int t = 0; t < heads.time(); t++) {
        if (queries ? !shape.isBlind(b, t) : shape.isSeen(b, t)) continue;
        for (int i = 0; i < heads.count() * heads.headDim(); i++) {
          long at = AttentionCase.element(heads, b, t, i / heads.headDim(), i % heads.headDim());
          before.add(Machine.get(heads.rows(), at));
          Machine.set(heads.rows(), at, value);
        }
      }
    }
    float[] all = new float[before.size()];
    for (int i = 0; i < all.length; i++) all[i] = before.get(i);
    return all;
  }

  @ParameterizedTest
  @EnumSource
  void aPaddedSequenceGivesWhatItGivesAlone(Library library) {
    AttentionCase together = AttentionCase.of(F, 3, 4, 16, 200, Mask.causal(200, 200).padded(200, 0, 77)).grouped(2)
        .biased();
    AttentionCase alone = AttentionCase.of(F, 1, 4, 16, 77, Mask.causal(77, 77)).grouped(2).biased();
    try (Machine machine = new Machine(library.kernels(), 5)) {
      AttentionInputs inputs = together.inputs(machine);
      Tensor dy = machine.random(F, 3, 200, 64);
      Found found = together.run(machine, inputs, dy);
      long columns = inputs.q().rows().dim(2);
      Tensor rows = inputs.q().rows().slice(2 * 200 * columns, 1, 77, columns);
      Tensor bias = machine.empty(F, 4, 2 * 77 - 1);
      for (int h = 0; h < 4; h++) {
        for (int c = 0; c < 153; c++) Machine.set(bias, h * 153 + c, Machine.get(inputs.bias(), h * 399 + c + 123));
      }
      Found single = alone.run(machine,
          new AttentionInputs(new Heads(rows, 0, 16, 4, 16), new Heads(rows, 64, 16, 2, 16),
              new Heads(rows, 96, 16, 2, 16), inputs.form(), alone.ranges(machine), bias),
          dy.slice(2 * 200 * 64, 1, 77, 64));
      assertClose("y", single.y(), found.y().slice(2 * 200 * 64, 1, 77, 64), 1e-5);
      assertClose("dq, dk, dv", single.gradients().q().rows(),
          found.gradients().q().rows().slice(2 * 200 * columns, 1, 77, columns), 1e-5);
    }
  }

  /** REPORTS B09: position i sees i - W + 1 to i. */
  @ParameterizedTest
  @EnumSource
  void aWindowOfFourTokensIsFourTokensItsOwnIncluded(Library library) {
    for (DType type : new DType[]{F, B}) {
      AttentionCase shape = AttentionCase.of(type, 1, 2, 8, 12, Mask.window(4, 12, 12));
      try (Machine machine = new Machine(library.kernels(), 5)) {
        AttentionInputs inputs = shape.inputs(machine);
        Tensor before = output(machine, shape, inputs);
        for (int changed = 0; changed < 12; changed++) {
          Heads v = inputs.v();
          long at = AttentionCase.element(v, 0, changed, 0, 0);
          float value = Machine.get(v.rows(), at);
          Machine.set(v.rows(), at, value + 8);
          Tensor after = output(machine, shape, inputs);
          Machine.set(v.rows(), at, value);
          for (int t = 0; t < 12; t++) {
            boolean differs = Machine.get(after, t * 16) != Machine.get(before, t * 16);
            assertThat(differs).as("position %d sees token %d", t, changed).isEqualTo(changed >= t - 3 && changed <= t);
          }
        }
      }
    }
  }

  private static Tensor output(Machine machine, AttentionCase shape, AttentionInputs inputs) {
    Tensor y = machine.empty(shape.type(), shape.batch(), shape.queryTime(), (long) shape.heads() * shape.headDim());
    machine.kernels.attention(inputs, Heads.joined(y, shape.heads()), null);
    return y;
  }

  @ParameterizedTest
  @EnumSource
  void theGradientOfTheBiasIsAddedToWhatIsThere(Library library) {
    AttentionCase shape = AttentionCase.of(F, 2, 2, 8, 5, Mask.all(5)).biased();
    try (Machine machine = new Machine(library.kernels(), 5)) {
      Found found = shape.run(machine);
      Tensor more = machine.empty(F, 2, 9);
      for (int i = 0; i < 18; i++) Machine.set(more, i, i);
      Tensor y = found.y();
      machine.kernels.attentionGradient(found.inputs(), Heads.joined(y, 2), found.logSumExp(),
          Heads.joined(found.dy(), 2), new AttentionGradients(found.gradients().q(), found.gradients().k(),
              found.gradients().v(), more));
      for (int i = 0; i < 18; i++) {
        assertThat(Machine.get(more, i) - i).isCloseTo(Machine.get(found.dBias(), i), Offset.offset(3e-6f));
      }
    }
  }

  @Test
  void scratchMemoryGrowsWithTheTimeAtMost() {
    long[] bytes = new long[2];
    for (int i = 0; i < 2; i++) {
      int time = 1536 << i;
      AttentionCase shape = AttentionCase.of(F, 1, 1, 4, time, Mask.causal(time, time)).biased();
      OneDnnWorker[] workers = {new OneDnnWorker(new VectorRowKernels(), 2048)};
      Scratch shared = new Scratch();
      try (Machine machine = new Machine(ONE, 7)) {
        AttentionInputs inputs = shape.inputs(machine);
        Tensor y = machine.empty(F, 1, time, 4);
        Tensor sums = machine.empty(F, 1, 1, time);
        Tensor dBias = machine.empty(F, 1, shape.distances());
        AttentionCase.Three to = shape.three(machine, false);
        OneDnnAttention attention = new OneDnnAttention(ONE.pool(), workers, shared);
        attention.forward(inputs, Heads.joined(y, 1), sums);
        attention.backward(inputs, Heads.joined(y, 1), sums, Heads.joined(y, 1),
            new AttentionGradients(to.q(), to.k(), to.v(), dBias));
        bytes[i] = workers[0].scratchBytes() + shared.bytes();
      } finally {
        workers[0].close();
        shared.close();
      }
    }
    // four matrices of a tile, and float32 sums of dk, dv and the bias's gradient
    assertThat(bytes[0]).isLessThan(4L * 64 * 544 * 4 + 1536 * (8 + 2) * 4 + 300_000);
    assertThat(bytes[1] - bytes[0]).isBetween(1536L * 8 * 4, 1536L * (8 + 2) * 4 + 20_000);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (Machine machine = new Machine(PLAIN, 1)) {
      Heads four = Heads.joined(machine.random(F, 1, 2, 16), 4);
      Heads three = Heads.joined(machine.random(F, 1, 2, 12), 3);
      AttentionForm form = AttentionForm.scaled(4);
      Tensor ranges = machine.ints(0, 1, 0, 3).reshape(1, 2, 2);
      assertThatThrownBy(() -> new AttentionInputs(four, three, three, form, ranges, null))
          .hasMessageStartingWith("heads that do not fit");
      assertThatThrownBy(() -> new AttentionInputs(four, four, four, form, ranges, null))
          .hasMessage("query 1 sees [0, 3) of 2 keys");
      assertThatThrownBy(() -> new AttentionInputs(four, four, four, form, machine.ints(0, 1), null))
          .hasMessageEndingWith("are no ranges of 2 queries");
      assertThatThrownBy(
          () -> new AttentionInputs(four, four, four, form, machine.ints(0, 1, 0, 2), machine.random(F, 4, 2)))
          .hasMessageContaining("is no bias of");
      assertThatThrownBy(() -> new Heads(four.rows(), 1, 4, 4, 4)).hasMessageContaining("does not hold 4 heads of 4");
    }
  }
}
