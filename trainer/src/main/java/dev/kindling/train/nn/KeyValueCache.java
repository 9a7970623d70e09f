package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Attend;
import dev.kindling.train.autodiff.AttendCached;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;

/**
 * Keys and values of one sequence's tokens so far, float32, for each layer [capacity, width]. The rows at hand are its
 * next tokens: they are written behind the others, and {@link #advance} makes them part of it when all layers have seen
 * them.
 */
public final class KeyValueCache implements Context, AutoCloseable {
  private final Memory memory;
  private final long capacity;
  private final long width;
  private long length;

  public KeyValueCache(int layers, long capacity, long width) {
    this.capacity = capacity;
    this.width = width;
    memory = Memory.allocate(layers * 2 * capacity * width * Float.BYTES);
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

  @Override
  public Value attend(int layer, Value qkv, int heads) {
    Tensor keys = part(2 * layer);
    Tensor values = part(2 * layer + 1);
    AttendCached.append(qkv, keys, values, length);
    boolean fresh = length == 0 && qkv.data().rows() > 1;     // a prompt: each row attends within the rows at hand
    return fresh ? Attend.of(qkv, heads, 1, null) : AttendCached.of(qkv, keys, values, length, heads);
  }

  private Tensor part(long index) {
    return Tensor.at(memory.address() + index * capacity * width * Float.BYTES, DType.FLOAT32, capacity, width);
  }

  @Override
  public void close() {
    memory.close();
  }
}
