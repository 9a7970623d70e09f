package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Attend;
import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Keys and values of one sequence's tokens so far, stored as the model stores activations, for each layer [capacity, kvHeads ·
 * headDim]. The next tokens, one or many, are a {@link Context} by {@link #next}: their keys and values are written behind the
 * others, and {@link #advance} makes them part of the sequence when all layers have seen them.
 */
public final class KeyValueCache implements AutoCloseable {
  private final Memory memory;
  private final DType type;
  private final long capacity;
  private final long width;
  private long length;

  /** @param width of the keys of a token, kvHeads · headDim */
  public KeyValueCache(int layers, long capacity, long width, DType type) {
    this.capacity = capacity;
    this.width = width;
    this.type = type;
    memory = Memory.allocate(layers * 2 * capacity * width * type.bytes());
  }

  /** Tokens so far. */
  public long length() {
    return length;
  }

  public long capacity() {
    return capacity;
  }

  public void advance(long tokens) {
    length += tokens;
  }

  /** The sequence's next tokens; the tape must not record, and the context ends with its next reset. */
  public Context next(Tape tape, int tokens) {
    if (tape.isRecording()) throw new IllegalStateException("no gradients flow through a cache");
    if (length + tokens > capacity) throw new IllegalStateException("no room for " + tokens + " tokens more");
    return new Next(tape, tokens, Math.toIntExact(length));
  }

  /** Keys ({@code part} 0) or values (1) of a layer, [tokens, width] from the first on. */
  private Tensor entries(int layer, int part, long tokens) {
    long index = 2L * layer + part;
    return Tensor.at(memory.address() + index * capacity * width * type.bytes(), type, tokens, width);
  }

  @Override
  public void close() {
    memory.close();
  }

  private final class Next implements Context {
    private final Tape tape;
    private final int tokens;
    private final int before;
    private final Map<Integer, Tensor> ranges = new HashMap<>();       // by window
    private Tensor positions;

    Next(Tape tape, int tokens, int before) {
      this.tape = tape;
      this.tokens = tokens;
      this.before = before;
    }

    @Override
    public Value attend(int layer, HeadsOf q, HeadsOf k, HeadsOf v, Scoring scoring) {
      return Attend.of(q, append(k, layer, 0), append(v, layer, 1), scoring.form(), ranges(scoring.window()),
          scoring.bias());
    }

    /** Writes the rows at hand behind those before. @return all of them, heads joined */
    private HeadsOf append(HeadsOf heads, int layer, int part) {
      Tensor all = entries(layer, part, keyTime());
      heads.copyTo(all.slice(before * width, tokens, width));
      return HeadsOf.joined(tape.constant(all), heads.count());
    }

    private Tensor ranges(int window) {
      return ranges.computeIfAbsent(window, w -> {
        int[] pairs = new int[2 * tokens];
        for (int i = 0; i < tokens; i++) {
          pairs[2 * i + 1] = before + i + 1;
          pairs[2 * i] = w == 0 ? 0 : Math.max(0, pairs[2 * i + 1] - w);
        }
        return tape.integers(pairs, 1, tokens, 2);
      });
    }

    @Override
    public Tensor positions() {
      if (positions == null) {
        int[] all = new int[tokens];
        for (int i = 0; i < tokens; i++) all[i] = before + i;
        positions = tape.integers(all, tokens);
      }
      return positions;
    }

    @Override
    public int queryTime() {
      return tokens;
    }

    @Override
    public int keyTime() {
      return before + tokens;
    }
  }
}
