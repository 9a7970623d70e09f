package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertClose;
import static dev.kindling.train.kernel.Machine.assertSameBits;
import static dev.kindling.train.kernel.Twins.ONE;
import static dev.kindling.train.kernel.Twins.PLAIN;
import static dev.kindling.train.kernel.Twins.TWO;
import static dev.kindling.train.kernel.Twins.check;
import static dev.kindling.train.kernel.Twins.tolerance;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.Twins.Output;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel against its plain twin, in both precisions, and its bits with one thread against those with two. */
class OneDnnKernelsTest {
  private static final DType F = DType.FLOAT32;
  private static final DType B = DType.BFLOAT16;
  record Shape(DType type, int rows, int in, int out) {}

  static Stream<Shape> products() {
    List<Shape> shapes = new ArrayList<>();
    for (DType type : new DType[]{F, DType.BFLOAT16}) {
      for (int rows : new int[]{1, 3, 128, 129, 259}) {
        shapes.add(new Shape(type, rows, 24, 97));
        shapes.add(new Shape(type, rows, 200, 24));
        shapes.add(new Shape(type, rows, 96, 257));
      }
      shapes.add(new Shape(type, 129, 64, 1024));
      shapes.add(new Shape(type, 259, 24, 2050));        // more columns than a sum over rows takes at once
      shapes.add(new Shape(type, 3, 1000, 64));
      shapes.add(new Shape(type, 640, 128, 64));         // rows that are transposed in pairs
      shapes.add(new Shape(type, 5000, 24, 64));         // more rows than are transposed at once
      shapes.add(new Shape(type, 3, 5000, 24));          // and more columns
    }
    return shapes.stream();
  }

  @ParameterizedTest
  @MethodSource("products")
  void aProductAndItsGradientsAgreeWithPlainJava(Shape s) {
    for (boolean transposed : new boolean[]{false, true}) {
      check(tolerance(s.type) * 4, machine -> {
        Tensor x = machine.random(s.type, s.rows, s.in);
        Tensor dy = machine.random(s.type, s.rows, s.out);
        Tensor bias = machine.random(F, s.out);
        Tensor master = transposed ? machine.random(F, s.out, s.in) : machine.random(F, s.in, s.out);
        Tensor y = machine.empty(F, s.rows, s.out);
        Tensor stored = machine.empty(s.type, s.rows, s.out);
        Tensor dx = machine.empty(F, s.rows, s.in);
        Tensor dW = machine.random(F, s.in, s.out);
        Tensor db = machine.random(F, s.out);
        try (PackedWeight w = machine.pack(master, transposed, s.type)) {
          machine.kernels.linear(x, w, bias, y);
          machine.kernels.linear(x, w, null, stored);
          machine.kernels.linearInputGradient(dy, w, dx);
        }
        Tensor written = machine.empty(F, s.in, s.out);
        machine.kernels.linearWeightGradient(x, dy, new GradientSum(written, false));
        machine.kernels.linearWeightGradient(x, dy, GradientSum.of(dW));
        machine.kernels.biasGradient(dy, db);
        return List.of(new Output("y", y), new Output("stored y", stored), new Output("dx", dx), new Output("dW", dW),
            new Output("dW that had not begun", written), new Output("db", db));
      });
    }
  }

  @Test
  void noRowsAddNothingAndBeginAGradientWithZeros() {
    for (Kernels kernels : new Kernels[]{PLAIN, ONE, TWO}) {
      for (DType type : new DType[]{F, DType.BFLOAT16}) {
        try (Machine machine = new Machine(kernels, 3)) {
          Tensor x = machine.random(type, 1, 24).slice(0, 0, 24), dy = machine.random(type, 1, 97).slice(0, 0, 97);
          Tensor dW = machine.random(F, 24, 97), fresh = machine.empty(F, 24, 97);
          float[] before = dW.toFloats();
          kernels.linearWeightGradient(x, dy, GradientSum.of(dW));
          kernels.linearWeightGradient(x, dy, new GradientSum(fresh, false));
          assertThat(dW.toFloats()).isEqualTo(before);
          assertThat(fresh.toFloats()).as("a gradient that had not begun").containsOnly(0f);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("products")
  void anyTransposedProductAgreesWithPlainJava(Shape s) {
    for (int i = 0; i < 4; i++) {
      boolean transposeA = (i & 1) != 0;
      boolean transposeB = (i & 2) != 0;
      check(tolerance(s.type) * 2, machine -> {
        Tensor a = transposeA ? machine.random(F, s.in, s.rows) : machine.random(F, s.rows, s.in);
        Tensor b = transposeB ? machine.random(F, s.out, s.in) : machine.random(F, s.in, s.out);
        Tensor c = machine.random(F, s.rows, s.out);
        Tensor fresh = machine.empty(F, s.rows, s.out);
        boolean rounded = s.type == DType.BFLOAT16;
        machine.kernels.matmul(a, transposeA, b, transposeB, c, 0.7f, -1.3f, rounded);
        machine.kernels.matmul(a, transposeA, b, transposeB, fresh, 1, 0, rounded);
        return List.of(new Output("c", c), new Output("fresh c", fresh));
      });
    }
  }

  record Head(DType type, int rows, int width, int vocabulary, boolean transposed) {}

  static Stream<Head> heads() {
    List<Head> heads = new ArrayList<>();
    for (DType type : new DType[]{F, DType.BFLOAT16}) {
      heads.add(new Head(type, 1, 24, 97, true));
      heads.add(new Head(type, 3, 64, 257, false));
      heads.add(new Head(type, 128, 24, 1000, true));
      heads.add(new Head(type, 129, 96, 257, true));
      heads.add(new Head(type, 259, 64, 1000, false));
    }
    heads.addAll(inSeveralGroupsOfRows());
    return heads.stream();
  }

  /** In bf16 the logits' gradients of twice as many rows fit: of 50,257 tokens 1,280. */
  private static List<Head> inSeveralGroupsOfRows() {
    return List.of(new Head(F, 650, 8, 50_257, true), new Head(B, 130, 8, 263_001, true));
  }

  @Test
  void headsWithRowsInSeveralGroupsAreAmongThem() {
    for (Head s : inSeveralGroupsOfRows()) {
      try (PackedWeight head = ONE.weight(s.width, s.vocabulary, s.transposed, s.type)) {
        assertThat(OneDnnCrossEntropy.group(s.rows, head)).as("%s", s).isLessThan(s.rows);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("heads")
  void theLossAndItsGradientsAgreeWithPlainJava(Head s) {
    check(tolerance(s.type), machine -> {
      Tensor x = machine.random(s.type, s.rows, s.width);
      Tensor master = s.transposed
          ? machine.scaled(0.3, F, s.vocabulary, s.width)
          : machine.scaled(0.3, F, s.width, s.vocabulary);
      Tensor targets = machine.ids(s.vocabulary, s.rows);
      if (s.rows > 2) { targets.buffer(0, s.rows).putInt(4, Kernels.IGNORED).putInt(8, s.vocabulary - 1); }
      Tensor losses = machine.empty(F, s.rows);
      Tensor only = machine.empty(F, s.rows);
      Tensor dx = machine.empty(F, s.rows, s.width);
      Tensor dHead = machine.scaled(0.1, F, master.shape());
      Tensor written = machine.empty(F, master.shape());
      try (PackedWeight head = machine.pack(master, s.transposed, s.type)) {
        machine.kernels.crossEntropy(x, Logits.of(head), targets, losses, dx, GradientSum.of(dHead), null);
        machine.kernels.crossEntropy(x, Logits.of(head), targets, only, dx, new GradientSum(written, false), null);
        machine.kernels.crossEntropy(x, Logits.of(head), targets, only, null, null, null);
      }
      assertSameBits("losses without gradients", only, losses);
      if (s.rows > 2) { for (int i = 0; i < s.width; i++) assertThat(Machine.get(dx, s.width + i)).isZero(); }
      return List.of(new Output("losses", losses), new Output("dx", dx), new Output("dHead", dHead),
          new Output("dHead that had not begun", written));
    });
  }

  @ParameterizedTest
  @MethodSource("heads")
  void theLossOfBiasedAndCappedLogitsAgreesWithPlainJava(Head s) {
    check(tolerance(s.type) * 2, machine -> {
      Tensor x = machine.random(s.type, s.rows, s.width);
      Tensor master = s.transposed
          ? machine.scaled(0.5, F, s.vocabulary, s.width)
          : machine.scaled(0.5, F, s.width, s.vocabulary);
      Tensor bias = machine.random(F, s.vocabulary);
      Tensor targets = machine.ids(s.vocabulary, s.rows);
      List<Output> outputs = new ArrayList<>();
      try (PackedWeight head = machine.pack(master, s.transposed, s.type)) {
        for (float softcap : new float[]{0, 3}) {
          Tensor losses = machine.empty(F, s.rows);
          Tensor dx = machine.empty(F, s.rows, s.width);
          Tensor dBias = machine.random(F, s.vocabulary);
          Tensor dHead = machine.scaled(0.1, F, master.shape());
          Logits logits = new Logits(head, bias, softcap);
          machine.kernels.crossEntropy(x, logits, targets, losses, dx, null, dBias);
          machine.kernels.crossEntropy(x, logits, targets, losses, dx, GradientSum.of(dHead), null);
          outputs.add(new Output("losses", losses));
          outputs.add(new Output("dx", dx));
          outputs.add(new Output("dHead", dHead));
          outputs.add(new Output("dBias", dBias));
        }
      }
      return outputs;
    });
  }

  @Test
  void rowsThatAllDoNotCountLeaveTheGradientsBits() {
    try (Machine machine = new Machine(TWO, 3)) {
      Tensor dHead = machine.random(F, 97, 24);
      Machine.set(dHead, 0, -0f);
      float[] before = dHead.toFloats();
      Tensor fresh = machine.empty(F, 97, 24);
      Tensor dx = machine.empty(F, 2, 24);
      Tensor losses = machine.empty(F, 2);
      try (PackedWeight head = machine.pack(machine.random(F, 97, 24), true, F)) {
        for (GradientSum sum : new GradientSum[]{GradientSum.of(dHead), new GradientSum(fresh, false)}) {
          TWO.crossEntropy(machine.random(F, 2, 24), Logits.of(head), machine.ints(-100, -100), losses, dx, sum, null);
        }
      }
      assertThat(dHead.toFloats()).isEqualTo(before);
      assertThat(fresh.toFloats()).as("a gradient that had not begun").containsOnly(0f);
      assertThat(dx.toFloats()).containsOnly(0f);
      assertThat(losses.toFloats()).containsOnly(0f);
    }
  }

  @Test
  void optimizerKernelsAgreeWithPlainJava() {
    for (int size : new int[]{1, 64, 4096, 4097, 40_001}) {
      check(tolerance(F), machine -> {
        Tensor w = machine.random(F, size);
        Tensor g = machine.random(F, size);
        Tensor m = machine.scaled(0.1, F, size);
        Tensor v = machine.empty(F, size);
        for (int i = 0; i < size; i++) Machine.set(v, i, 0.01f * Math.abs(Machine.get(m, i)));
        double[] squares = new double[(size + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK];
        machine.kernels.sumSquares(g, squares);
        Tensor sums = machine.empty(F, squares.length);
        for (int i = 0; i < squares.length; i++) Machine.set(sums, i, (float) squares[i]);
        machine.kernels.adamw(w, g, m, v, 0.37, 3e-3, 0.9, 0.95, 1e-8, 0.1, 3);
        return List.of(new Output("squares", sums), new Output("w", w), new Output("m", m), new Output("v", v));
      });
    }
  }

  @Test
  void aRowsResultDoesNotDependOnTheValuesBesideIt() {
    for (DType type : new DType[]{F, DType.BFLOAT16}) {
      try (Machine machine = new Machine(TWO, 5)) {
        Tensor x = machine.random(type, 131, 96);
        Tensor first = machine.empty(F, 131, 200);
        Tensor second = machine.empty(F, 131, 200);
        try (PackedWeight w = machine.pack(machine.random(F, 96, 200), false, type)) {
          TWO.linear(x, w, null, first);
          for (long i = 0; i < x.size(); i++) if (i / 96 != 7 && i / 96 != 130) Machine.set(x, i, 1000 + i);
          TWO.linear(x, w, null, second);
        }
        for (int row : new int[]{7, 130}) {
          assertSameBits("row " + row, second.slice(row * 200, 200), first.slice(row * 200, 200));
        }
      }
    }
  }

  @Test
  void anotherCallingThreadGetsTheSameBits() throws InterruptedException {
    try (Machine machine = new Machine(TWO, 6)) {
      Tensor x = machine.random(F, 260, 257);
      Tensor here = machine.empty(F, 260, 96);
      Tensor there = machine.empty(F, 260, 96);
      try (PackedWeight w = machine.pack(machine.random(F, 257, 96), false, F)) {
        TWO.linear(x, w, null, here);
        Thread other = new Thread(() -> TWO.linear(x, w, null, there));
        other.start();
        other.join();
      }
      assertSameBits("y", there, here);
    }
  }

  @Test
  void theLeastRecentlyUsedPrimitivesGoWhereThereAreManyShapes() {
    try (Machine machine = new Machine(ONE, 6); OneDnnWorker worker = new OneDnnWorker(new ScalarRowKernels(), 4)) {
      Tensor x = machine.random(F, 1, 50);
      Primitive.Matrix row = new Primitive.Matrix(F, Primitive.Order.ROWS, 50);
      for (int round = 0; round < 3; round++) {
        for (int n = 1; n <= 50; n++) {
          Tensor y = machine.empty(F, 1, n);
          worker.here().run(new Primitive.Reorder(1, n, row, row), x.address(), y.address());
          assertSameBits("copy", y, x.slice(0, n));
          assertThat(worker.primitives()).isLessThanOrEqualTo(4);
        }
      }
    }
  }

  /** A processor with AMX reads whole tiles; on others the copy must give what the rows themselves give. */
  @ParameterizedTest
  @CsvSource({"1, true", "2, false", "31, true", "32, false", "33, true", "64, false", "80, true", "259, true",
      "1000, true"})
  void whatStandsBehindARowIsNoPartOfAProduct(int k, boolean copied) {
    int m = 5;
    int n = 24;
    int stride = k + 40;
    try (Machine machine = new Machine(ONE, 8);
        OneDnnWorker tiles = new OneDnnWorker(new ScalarRowKernels(), 8, true)) {
      Tensor x = machine.empty(B, m, stride);
      Tensor narrow = machine.random(B, m, k);
      for (long i = 0; i < narrow.size(); i++) Machine.set(x, i / k * stride + i % k, Machine.get(narrow, i));
      Tensor y = machine.empty(F, m, n);
      Tensor expected = machine.empty(F, m, n);
      Tensor w = machine.random(F, k, n);
      try (PackedWeight packed = machine.pack(w, false, B); PackedWeight plain = PLAIN.weight(k, n, false, B)) {
        OneDnnWeight.Panels panels = ((OneDnnWeight) packed).forward();
        OneDnnProducts.Place to = OneDnnProducts.Place.of(y);
        OneDnnProducts.multiplyBlock(tiles.here(), OneDnnProducts.Place.of(x), 0, m, panels, 0, 0, to.inRows(),
            to.address(),
            false);
        PLAIN.pack(w, plain);
        PLAIN.linear(narrow, plain, null, expected);
      }
      assertThat(tiles.scratchBytes(Scratch.Slot.WHOLE_TILES) > 0).as("copied").isEqualTo(copied);
      assertClose("y", y, expected, 1e-5);
    }
  }

  @Test
  void aTokenOutsideTheVocabularyIsRefused() {
    try (Machine machine = new Machine(TWO, 5)) {
      Tensor table = machine.random(F, 11, 24);
      Tensor x = machine.empty(F, 2, 24);
      assertThatThrownBy(() -> TWO.lookups().gather(machine.ints(3, 11), table, 1, false, x)).hasMessage(
          "token id 11 at 1 is not in [0, 11)");
      try (PackedWeight head = machine.pack(table, true, F)) {
        assertThatThrownBy(
            () -> TWO.crossEntropy(x, Logits.of(head), machine.ints(3, -1), machine.empty(F, 2), null, null,
                null))
            .hasMessage(
                "target -1 at 1 is not in [0, 11) nor -100");
      }
    }
  }

  @Test
  void theDescriptionNamesWhatComputes() {
    assertThat(TWO.describe()).matches("oneDNN 3\\.\\d+ \\(.+\\), Vector API \\d+ bit, 2 threads");
    assertThat(PLAIN.describe()).isEqualTo("plain Java, 2 threads");
  }
}
