package dev.kindling.train.kernel;

import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;

/**
 * A shape of attention, and which keys each query sees.
 *
 * @param layout how queries, keys and values lie in memory
 */
record AttentionCase(DType type, int batch, int heads, int keyHeads, int headDim, int queryTime, int keyTime, Mask mask,
    Layout layout, float softcap, boolean bias, float dropout) {
  AttentionCase(DType type, int batch, int heads, int keyHeads, int headDim, int queryTime, int keyTime, Mask mask,
      Layout layout, float softcap, boolean bias) {
    this(type, batch, heads, keyHeads, headDim, queryTime, keyTime, mask, layout, softcap, bias, 0);
  }

  /** What query t of a sequence sees. */
  @FunctionalInterface
  interface Mask {
    /** @return first key and the one past the last */
    int[] range(int sequence, int t);

    /** The last query sees the last key. */
    static Mask causal(int queryTime, int keyTime) {
      return named("causal", (sequence, t) -> new int[]{0, t + 1 + keyTime - queryTime});
    }

    static Mask window(int size, int queryTime, int keyTime) {
      return named("window of " + size, (sequence, t) -> {
        int to = t + 1 + keyTime - queryTime;
        return new int[]{Math.max(0, to - size), to};
      });
    }

    static Mask all(int keyTime) {
      return named("all", (sequence, t) -> new int[]{0, keyTime});
    }

    /** Padding on the right of queries and keys alike. */
    default Mask padded(int... lengths) {
      return named(this + " of " + Arrays.toString(lengths), (sequence, t) -> {
        int[] range = range(sequence, t);
        return t >= lengths[sequence] ? new int[2] : new int[]{range[0], Math.min(range[1], lengths[sequence])};
      });
    }

    /** Padding on the left. */
    default Mask paddedLeft(int... firsts) {
      return named(this + " from " + Arrays.toString(firsts), (sequence, t) -> {
        int[] range = range(sequence, t);
        return t < firsts[sequence] ? new int[2] : new int[]{Math.max(range[0], firsts[sequence]), range[1]};
      });
    }

    /** Documents of {@code size} tokens one after another. */
    default Mask documents(int size) {
      return named(this + " in documents of " + size, (sequence, t) -> {
        int[] range = range(sequence, t);
        int first = t / size * size;
        return new int[]{Math.max(range[0], first), Math.min(range[1], first + size)};
      });
    }

    /** Documents of {@code size} tokens with as many of padding after each. */
    default Mask islands(int size) {
      Mask documents = documents(size);
      return named(documents + " and padding between",
          (sequence, t) -> t / size % 2 == 1 ? new int[2] : documents.range(sequence, t));
    }

    static Mask named(String name, Mask mask) {
      return new Mask() {
        @Override
        public int[] range(int sequence, int t) {
          return mask.range(sequence, t);
        }

        @Override
        public String toString() {
          return name;
        }
      };
    }
  }

  /** Where the columns of queries, keys and values are. */
  enum Layout {
    /** Three matrices. */
    APART,
    /** [q | k | v] in one. */
    SIDE_BY_SIDE,
    /** [q k v] of each head in one; as many key heads as heads. */
    HEAD_BY_HEAD,
    /** Queries alone, [k | v] in one. */
    KEYS_WITH_VALUES
  }

  static AttentionCase of(DType type, int batch, int heads, int headDim, int time, Mask mask) {
    return new AttentionCase(type, batch, heads, heads, headDim, time, time, mask, Layout.SIDE_BY_SIDE, 0, false);
  }

  AttentionCase grouped(int keyHeads) {
    return new AttentionCase(type, batch, heads, keyHeads, headDim, queryTime, keyTime, mask, layout, softcap, bias,
        dropout);
  }

  AttentionCase laid(Layout layout) {
    return new AttentionCase(type, batch, heads, keyHeads, headDim, queryTime, keyTime, mask, layout, softcap, bias,
        dropout);
  }

  AttentionCase capped(float softcap) {
    return new AttentionCase(type, batch, heads, keyHeads, headDim, queryTime, keyTime, mask, layout, softcap, bias,
        dropout);
  }

  AttentionCase biased() {
    return new AttentionCase(type, batch, heads, keyHeads, headDim, queryTime, keyTime, mask, layout, softcap, true,
        dropout);
  }

  AttentionCase dropping(float rate) {
    return new AttentionCase(type, batch, heads, keyHeads, headDim, queryTime, keyTime, mask, layout, softcap, bias,
        rate);
  }

  int distances() {
    return queryTime + keyTime - 1;
  }

  boolean sees(int sequence, int t, int s) {
    int[] range = mask.range(sequence, t);
    return s >= range[0] && s < range[1];
  }

  boolean isBlind(int sequence, int t) {
    int[] range = mask.range(sequence, t);
    return range[0] >= range[1];
  }

  boolean isSeen(int sequence, int s) {
    for (int t = 0; t < queryTime; t++) if (sees(sequence, t, s)) return true;
    return false;
  }

  /** Queries, keys and values, or their gradients. */
  record Three(Heads q, Heads k, Heads v) {}

  /** Tensors of this shape. @param random or full of NaN */
  Three three(Machine machine, boolean random) {
    int width = heads * headDim;
    int keys = keyHeads * headDim;
    return switch (layout) {
      case APART -> new Three(Heads.joined(rows(machine, random, queryTime, width), heads),
          Heads.joined(rows(machine, random, keyTime, keys), keyHeads),
          Heads.joined(rows(machine, random, keyTime, keys), keyHeads));
      case SIDE_BY_SIDE -> {
        Tensor all = rows(machine, random, queryTime, width + 2 * keys);
        yield new Three(new Heads(all, 0, headDim, heads, headDim), new Heads(all, width, headDim, keyHeads, headDim),
            new Heads(all, width + keys, headDim, keyHeads, headDim));
      }
      case HEAD_BY_HEAD -> {
        Tensor all = rows(machine, random, queryTime, 3 * width);
        yield new Three(new Heads(all, 0, 3 * headDim, heads, headDim),
            new Heads(all, headDim, 3 * headDim, heads, headDim),
            new Heads(all, 2 * headDim, 3 * headDim, heads, headDim));
      }
      case KEYS_WITH_VALUES -> {
        Tensor both = rows(machine, random, keyTime, 2 * keys);
        yield new Three(Heads.joined(rows(machine, random, queryTime, width), heads),
            new Heads(both, 0, headDim, keyHeads, headDim), new Heads(both, keys, headDim, keyHeads, headDim));
      }
    };
  }

  private Tensor rows(Machine machine, boolean random, int time, int columns) {
    return random ? machine.random(type, batch, time, columns) : machine.empty(type, batch, time, columns);
  }

  Tensor ranges(Machine machine) {
    int[] pairs = new int[2 * batch * queryTime];
    for (int i = 0; i < batch * queryTime; i++) {
      int[] range = mask.range(i / queryTime, i % queryTime);
      pairs[2 * i] = range[0];
      pairs[2 * i + 1] = range[1];
    }
    return machine.ints(pairs).reshape(batch, queryTime, 2);
  }

  AttentionInputs inputs(Machine machine) {
    Three three = three(machine, true);
    Tensor added = bias ? machine.random(DType.FLOAT32, heads, distances()) : null;
    return new AttentionInputs(three.q, three.k, three.v,
        new AttentionForm((float) (1 / Math.sqrt(headDim)), softcap), ranges(machine), added,
        dropout == 0 ? null : new AttentionDropout(dropout, CounterRandom.of(3, "attention")));
  }

  /** What attention gave, with the gradients of the sum of y times dy. */
  record Found(AttentionInputs inputs, Tensor y, Tensor logSumExp, Tensor dy, Three gradients, Tensor dBias) {}

  Found run(Machine machine) {
    AttentionInputs inputs = inputs(machine);
    return run(machine, inputs, machine.random(type, batch, queryTime, (long) heads * headDim));
  }

  Found run(Machine machine, AttentionInputs inputs, Tensor dy) {
    Tensor y = machine.empty(type, batch, queryTime, (long) heads * headDim);
    Tensor logSumExp = machine.empty(DType.FLOAT32, batch, heads, queryTime);
    Three gradients = three(machine, false);
    Tensor dBias = null;
    if (bias) {
      dBias = machine.empty(DType.FLOAT32, heads, distances());
      Raw.zero(dBias.address(), dBias.bytes());
    }
    machine.kernels.attention(inputs, Heads.joined(y, heads), logSumExp);
    machine.kernels.attentionGradient(inputs, Heads.joined(y, heads), logSumExp, Heads.joined(dy, heads),
        new AttentionGradients(gradients.q, gradients.k, gradients.v, dBias));
    return new Found(inputs, y, logSumExp, dy, gradients, dBias);
  }

  /** Address-free: [batch, heads, time, headDim]. */
  static double[] values(Heads heads) {
    double[] all = new double[heads.batch() * heads.count() * heads.time() * heads.headDim()];
    int i = 0;
    for (int b = 0; b < heads.batch(); b++) {
      for (int h = 0; h < heads.count(); h++) {
        for (int t = 0; t < heads.time(); t++) {
          for (int d = 0; d < heads.headDim(); d++) all[i++] = Machine.get(heads.rows(), element(heads, b, t, h, d));
        }
      }
    }
    return all;
  }

  static long element(Heads heads, int sequence, int t, int head, int d) {
    return ((long) sequence * heads.time() + t) * heads.rows().dim(2) + heads.column(head) + d;
  }

  @Override
  public String toString() {
    return type + " " + batch + " x " + heads + "/" + keyHeads + " heads of " + headDim + ", " + queryTime
        + " queries, "
        + keyTime + " keys, " + mask + ", " + layout + (softcap > 0 ? ", cap " + softcap : "") + (bias ? ", bias" : "")
        + (dropout > 0 ? ", dropping " + dropout : "");
  }
}
