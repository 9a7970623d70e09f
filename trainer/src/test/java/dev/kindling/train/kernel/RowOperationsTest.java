package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertSameBits;
import static dev.kindling.train.kernel.Twins.TWO;
import static dev.kindling.train.kernel.Twins.check;
import static dev.kindling.train.kernel.Twins.tolerance;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.Twins.Output;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernels between products and attention against their plain twins, in both precisions and with two threads. */
class RowOperationsTest {
  private static final DType F = DType.FLOAT32;

  record Width(DType type, int rows, int width) {}

  static Stream<Width> rows() {
    List<Width> widths = new ArrayList<>();
    for (DType type : new DType[]{F, DType.BFLOAT16}) {
      for (int rows : new int[]{1, 3, 128, 129, 259}) {
        for (int width : new int[]{24, 64, 97, 200}) widths.add(new Width(type, rows, width));
      }
      widths.add(new Width(type, 40, 1000));
    }
    return widths.stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void normsAgreeWithPlainJava(Width s) {
    for (Norm norm : List.of(Norm.layer(1e-5f), Norm.rms(1e-6f), Norm.rmsAroundOne(1e-6f))) {
      check(tolerance(s.type) * 2, machine -> norm(machine, norm, s, s.width));
    }
  }

  @Test
  void eachHeadOfARowIsNormalizedByItself() {
    check(tolerance(F) * 2, machine -> norm(machine, Norm.rms(1e-6f), new Width(F, 37, 96), 24));
    check(tolerance(DType.BFLOAT16) * 2,
        machine -> norm(machine, Norm.rms(1e-6f), new Width(DType.BFLOAT16, 37, 96), 24));
  }

  private static List<Output> norm(Machine machine, Norm norm, Width s, int group) {
    Norms kernels = machine.kernels.norms();
    long groups = (long) s.rows * s.width / group;
    Tensor x = machine.random(F, s.rows, s.width);
    Tensor residual = machine.random(F, s.rows, s.width);
    Tensor sum = machine.empty(F, s.rows, s.width);
    Tensor scale = machine.random(F, group);
    Tensor shift = machine.random(F, group);
    Tensor y = machine.empty(s.type, s.rows, s.width);
    Tensor alone = machine.empty(F, s.rows, s.width);
    Tensor stats = machine.empty(F, groups, 2);
    Tensor stored = machine.random(s.type, s.rows, s.width);
    Tensor ofStored = machine.empty(s.type, s.rows, s.width);
    Tensor storedStats = machine.empty(F, groups, 2);
    kernels.normalize(norm, x, null, null, scale, shift, alone, stats);
    kernels.normalize(norm, x, residual, sum, scale, shift, y, stats);
    kernels.normalize(norm, stored, null, null, scale, null, ofStored, storedStats);
    Tensor dy = machine.random(s.type, s.rows, s.width);
    Tensor dx = machine.random(F, s.rows, s.width);
    Tensor dAlone = machine.empty(F, s.rows, s.width);
    Tensor dStored = machine.empty(s.type, s.rows, s.width);
    Tensor dScale = machine.random(F, group);
    Tensor dShift = machine.random(F, group);
    kernels.normalizeGradient(norm, dy, sum, scale, stats, null, dAlone, dScale, dShift);
    kernels.normalizeGradient(norm, dy, sum, scale, stats, dx, dx, dScale, null);
    kernels.normalizeGradient(norm, dy, stored, scale, storedStats, null, dStored, null, null);
    return List.of(new Output("y", y), new Output("y alone", alone), new Output("y of stored", ofStored),
        new Output("sum", sum), new Output("stats", stats), new Output("dx", dx), new Output("dx alone", dAlone),
        new Output("dx stored", dStored), new Output("dScale", dScale), new Output("dShift", dShift));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void activationsAgreeWithPlainJava(Width s) {
    for (Activation a : Activation.values()) {
      check(tolerance(s.type), machine -> {
        Activations kernels = machine.kernels.activations();
        Tensor x = machine.scaled(3, s.type, s.rows, s.width);
        Tensor y = machine.empty(s.type, s.rows, s.width);
        Tensor dy = machine.random(s.type, s.rows, s.width);
        Tensor dx = machine.empty(s.type, s.rows, s.width);
        Tensor again = machine.empty(s.type, s.rows, s.width);
        Tensor through = machine.empty(s.type, s.rows, s.width);
        Raw.copy(dy.address(), through.address(), dy.bytes());
        kernels.activate(a, x, y);
        kernels.activateGradient(a, x, dy, dx);
        kernels.activateGradient(a, x, dy, dy);
        kernels.activateAgain(a, x, again, through);
        assertThat(Machine.values(again)).as("%s made again", a).isEqualTo(Machine.values(y));
        assertThat(Machine.values(through)).as("gradient with %s", a).isEqualTo(Machine.values(dx));
        return List.of(new Output("y", y), new Output("dx", dx), new Output("dx over dy", dy));
      });
    }
  }

  @ParameterizedTest
  @MethodSource("rows")
  void gatesAgreeWithPlainJava(Width s) {
    for (Activation a : List.of(Activation.SILU, Activation.GELU_TANH)) {
      check(tolerance(s.type) * 2, machine -> {
        Activations kernels = machine.kernels.activations();
        Tensor gate = machine.scaled(3, s.type, s.rows, s.width);
        Tensor up = machine.random(s.type, s.rows, s.width);
        Tensor both = machine.scaled(2, s.type, s.rows, 2 * s.width);
        Tensor y = machine.empty(s.type, s.rows, s.width);
        Tensor ofHalves = machine.empty(s.type, s.rows, s.width);
        Tensor dy = machine.random(s.type, s.rows, s.width);
        Tensor dGate = machine.empty(s.type, s.rows, s.width);
        Tensor dBoth = machine.empty(s.type, s.rows, 2 * s.width);
        Columns first = Columns.half(both, 0);
        Columns second = Columns.half(both, 1);
        kernels.gate(a, Columns.all(gate), Columns.all(up), y);
        kernels.gate(a, first, second, ofHalves);
        kernels.gateGradient(a, first, second, dy, Columns.half(dBoth, 0), Columns.half(dBoth, 1));
        kernels.gateGradient(a, Columns.all(gate), Columns.all(up), dy, Columns.all(dGate), Columns.all(dy));
        return List.of(new Output("y", y), new Output("y of halves", ofHalves), new Output("dGate", dGate),
            new Output("dUp over dy", dy), new Output("dBoth", dBoth));
      });
    }
  }

  @ParameterizedTest
  @MethodSource("rows")
  void elementwiseKernelsAgreeWithPlainJava(Width s) {
    check(tolerance(s.type), machine -> {
      Tensor x = machine.scaled(3, s.type, s.rows, s.width);
      Tensor wide = machine.empty(F, s.rows, s.width);
      machine.kernels.convert(x, wide);
      Tensor from = machine.random(F, s.rows, s.width);
      Tensor narrow = machine.empty(s.type, s.rows, s.width);
      machine.kernels.convert(from, narrow);
      machine.kernels.add(x, from);
      Tensor scaled = machine.empty(s.type, s.rows, s.width);
      machine.kernels.scale(x, -0.3f, scaled);
      machine.kernels.dropout(x, 0.3f, CounterRandom.of(1, "a layer"), x);
      return List.of(new Output("wide", wide), new Output("narrow", narrow), new Output("sum", from),
          new Output("scaled", scaled), new Output("dropped", x));
    });
  }

  @ParameterizedTest
  @MethodSource("rows")
  void lookUpsAgreeWithPlainJava(Width s) {
    check(tolerance(s.type), machine -> {
      Lookups kernels = machine.kernels.lookups();
      Tensor ids = machine.ids(11, s.rows);
      Tensor table = machine.random(F, 11, s.width);
      Tensor x = machine.empty(F, s.rows, s.width);
      kernels.gather(ids, table, 1, false, x);
      kernels.gather(ids, table, 1.5f, true, x);
      Tensor dTable = machine.random(F, 11, s.width);
      kernels.gatherGradient(ids, x, 0.7f, dTable);
      Tensor stored = machine.random(s.type, 11, s.width);
      Tensor taken = machine.empty(s.type, s.rows, s.width);
      kernels.gather(ids, stored, 1, false, taken);
      return List.of(new Output("x", x), new Output("dTable", dTable), new Output("taken", taken));
    });
  }

  @ParameterizedTest
  @MethodSource("rows")
  void meansAgreeWithPlainJava(Width s) {
    check(tolerance(s.type), machine -> {
      Tensor x = machine.random(s.type, s.rows, s.width);
      int end = Math.max(1, s.rows - 2);
      Tensor spans = machine.ints(0, 1, 1, 1, 1, end).reshape(3, 2);
      Tensor y = machine.empty(F, 3, s.width);
      Tensor dx = machine.empty(s.type, s.rows, s.width);
      machine.kernels.lookups().means(x, spans, y);
      machine.kernels.lookups().meansGradient(y, spans, dx);
      return List.of(new Output("y", y), new Output("dx", dx));
    });
  }

  @ParameterizedTest
  @MethodSource("rows")
  void expertsAreJoinedAsInPlainJava(Width s) {
    check(tolerance(s.type), machine -> {
      Routing kernels = machine.kernels.routing();
      Tensor logits = machine.random(F, s.rows, 7);
      Tensor chosen = machine.ids(7, 3 * s.rows).reshape(s.rows, 3);
      Tensor weights = machine.empty(F, s.rows, 3);
      kernels.route(logits, chosen, weights);
      Tensor dLogits = machine.empty(F, s.rows, 7);
      kernels.routeGradient(chosen, weights, machine.random(F, s.rows, 3), dLogits);
      Tensor losses = machine.empty(F, s.rows);
      Tensor dLoss = machine.empty(F, s.rows, 7);
      kernels.routerLoss(logits, null, new double[]{1, 2, 3, 4, 5, 6, 7}, 0.1, losses, dLoss);
      int n = (s.rows + 1) / 2;
      Tensor said = machine.random(s.type, n, s.width);
      int[] every = new int[n];
      for (int i = 0; i < n; i++) every[i] = s.rows - 1 - 2 * i;
      Tensor rows = machine.ints(every);
      Tensor to = machine.random(F, s.rows, s.width);
      kernels.combine(said, rows, rows, weights, to);
      Tensor dSaid = machine.empty(s.type, n, s.width);
      Tensor dWeights = machine.random(F, s.rows, 3);
      kernels.combineGradient(said, rows, rows, weights, to, dSaid, dWeights);
      return List.of(new Output("weights", weights), new Output("dLogits", dLogits), new Output("losses", losses),
          new Output("dLoss", dLoss), new Output("to", to), new Output("dSaid", dSaid),
          new Output("dWeights", dWeights));
    });
  }

  record Rotary(DType type, int offset, int step, int count, int headDim, int half, int columns) {}

  static Stream<Rotary> rotations() {
    List<Rotary> all = new ArrayList<>();
    for (DType type : new DType[]{F, DType.BFLOAT16}) {
      all.add(new Rotary(type, 0, 64, 3, 64, 32, 192));    // heads side by side
      all.add(new Rotary(type, 40, 120, 2, 40, 20, 240));  // each beside its keys and values
      all.add(new Rotary(type, 3, 7, 5, 7, 1, 41));        // one pair of an odd head
      all.add(new Rotary(type, 0, 96, 1, 96, 9, 96));      // a part of the head
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("rotations")
  void rotationsAgreeWithPlainJavaAndTheWayBackUndoesThem(Rotary s) {
    check(tolerance(s.type), machine -> {
      Tensor x = machine.random(s.type, 3, 15, s.columns);
      float[] before = Machine.values(x);
      Tensor angles = machine.random(F, 9, s.half);
      Tensor cos = machine.empty(F, 9, s.half);
      Tensor sin = machine.empty(F, 9, s.half);
      for (long i = 0; i < angles.size(); i++) {
        Machine.set(cos, i, (float) Math.cos(Machine.get(angles, i)));
        Machine.set(sin, i, (float) Math.sin(Machine.get(angles, i)));
      }
      Tensor positions = machine.ids(9, 45);
      Tensor y = machine.empty(s.type, 3, 15, s.columns);
      Heads heads = new Heads(x, s.offset, s.step, s.count, s.headDim);
      machine.kernels.rotate(heads, positions, cos, sin, false);
      machine.kernels.convert(x, y);
      machine.kernels.rotate(heads, positions, cos, sin, true);
      Machine.assertClose("back", Machine.values(x), before, s.type == F ? 1e-6 : 1e-2);
      return List.of(new Output("y", y), new Output("x", x));
    });
  }

  @Test
  void aPositionOutsideTheTablesIsRefused() {
    try (Machine machine = new Machine(TWO, 5)) {
      Tensor table = machine.random(F, 4, 2);
      Heads heads = new Heads(machine.random(F, 1, 2, 8), 0, 4, 2, 4);
      assertThatThrownBy(() -> TWO.rotate(heads, machine.ints(3, 4), table, table, false))
          .hasMessage("position 4 at 1 is not in [0, 4)");
    }
  }

  @Test
  void dropoutKeepsTheShareThatWasAskedForAndTheMean() {
    try (Machine machine = new Machine(TWO, 5)) {
      Tensor x = machine.empty(F, 300_000);
      for (long i = 0; i < x.size(); i++) Machine.set(x, i, 1);
      for (float rate : new float[]{0.1f, 0.5f, 0.9f}) {
        Tensor y = machine.empty(F, 300_000);
        TWO.dropout(x, rate, CounterRandom.of(2, "share"), y);
        double kept = 0;
        double neighbours = 0;
        for (int i = 0; i < 300_000; i++) {
          if (Machine.get(y, i) != 0) kept++;
          if (i > 0 && Machine.get(y, i) != 0 && Machine.get(y, i - 1) != 0) neighbours++;
        }
        double share = 1 - rate;
        double deviation = Math.sqrt(rate * share / 300_000);
        assertThat(kept / 300_000).isBetween(share - 5 * deviation, share + 5 * deviation);
        assertThat(neighbours / 300_000).isBetween(share * share - 10 * deviation, share * share + 10 * deviation);
      }
      Tensor other = machine.empty(F, 300_000);
      Tensor same = machine.empty(F, 300_000);
      TWO.dropout(x, 0.5f, CounterRandom.of(2, "other"), other);
      TWO.dropout(x, 0.5f, CounterRandom.of(2, "share"), same);
      double both = 0;
      for (int i = 0; i < 300_000; i++) if (Machine.get(other, i) != 0 && Machine.get(same, i) != 0) both++;
      assertThat(both / 300_000).isBetween(0.245, 0.255);  // streams of other names are independent
    }
  }

  @Test
  void aRowsNormDoesNotDependOnTheRowsBesideIt() {
    try (Machine machine = new Machine(TWO, 5)) {
      Tensor x = machine.random(F, 67, 96);
      Tensor scale = machine.random(F, 96);
      Tensor stats = machine.empty(F, 67, 2);
      Tensor all = machine.empty(F, 67, 96);
      Tensor one = machine.empty(F, 1, 96);
      TWO.norms().normalize(Norm.rms(1e-6f), x, null, null, scale, null, all, stats);
      TWO.norms().normalize(Norm.rms(1e-6f), x.slice(40 * 96, 1, 96), null, null, scale, null, one, stats);
      assertSameBits("row", one, all.slice(40 * 96, 1, 96));
    }
  }
}
