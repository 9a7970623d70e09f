package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * Attention of a sequence's next tokens over the keys and values of those before them, y = softmax(q kᵀ / √headDim) v;
 * forward only.
 */
public final class AttendCached {
  private AttendCached() {
  }

  /**
   * Writes the keys and values of new tokens behind those of the {@code length} before.
   *
   * @param qkv stored [rows, 3 · width]; @param keys float32 [capacity, width]; @param values likewise
   */
  public static void append(Value qkv, Tensor keys, Tensor values, long length) {
    Tensor wide = widened(qkv);
    long width = keys.dim(1);
    long bytes = width * Float.BYTES;
    for (long r = 0; r < wide.rows(); r++) {
      long row = wide.address() + r * 3 * bytes;
      Raw.copy(row + bytes, keys.slice((length + r) * width, width).address(), bytes);
      Raw.copy(row + 2 * bytes, values.slice((length + r) * width, width).address(), bytes);
    }
  }

  /** @return stored [rows, width]; row r attends to the tokens before and to rows 0 to r */
  public static Value of(Value qkv, Tensor keys, Tensor values, long length, int heads) {
    Tape tape = qkv.tape();
    if (tape.isRecording()) throw new IllegalStateException("no gradients flow through a cache");
    Tensor wide = widened(qkv);
    long width = keys.dim(1);
    Value y = tape.value(qkv.type(), wide.rows(), width);
    Tensor found = y.type() == DType.FLOAT32 ? y.data() : tape.take(DType.FLOAT32, wide.rows(), width);
    for (long r = 0; r < wide.rows(); r++) {
      Tensor query = wide.slice(r * 3 * width, width);
      tape.kernels().attendOne(query, keys, values, length + r + 1, heads, found.slice(r * width, width));
    }
    if (found != y.data()) tape.kernels().convert(found, y.data());
    return y;
  }

  private static Tensor widened(Value qkv) {
    if (qkv.type() == DType.FLOAT32) return qkv.data();
    Tensor wide = qkv.tape().take(DType.FLOAT32, qkv.data().shape());
    qkv.tape().kernels().convert(qkv.data(), wide);
    return wide;
  }
}
