package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Attend;
import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.function.Function;

/**
 * The keys and values of one encoded sequence for each layer of the decoder, computed once and read for each token that is
 * generated.
 */
public final class EncoderCache implements EncoderOutput, AutoCloseable {
  private final Memory memory;
  private final DType type;
  private final int sourceTime;
  private final long width;

  /** @param sourceTime tokens of the encoded sequence; @param width of the keys of a token, heads · headDim */
  public EncoderCache(int layers, int sourceTime, long width, DType type) {
    this.sourceTime = sourceTime;
    this.width = width;
    this.type = type;
    memory = Memory.allocate(2L * layers * sourceTime * width * type.bytes());
  }

  /** Keeps what a layer made of the encoder's hidden states. */
  public void put(int layer, KeysAndValues found) {
    found.keys().copyTo(entries(layer, 0));
    found.values().copyTo(entries(layer, 1));
  }

  private Tensor entries(int layer, int part) {
    long index = 2L * layer + part;
    return Tensor.at(memory.address() + index * sourceTime * width * type.bytes(), type, sourceTime, width);
  }

  /** @param project is not asked: {@link #put} came before */
  @Override
  public Value attend(int layer, HeadsOf q, Function<Value, KeysAndValues> project, AttentionForm form) {
    Tape tape = q.value().tape();
    if (tape.isRecording()) throw new IllegalStateException("no gradients flow through a cache");
    int queries = Math.toIntExact(q.value().data().rows());
    int[] pairs = new int[2 * queries];
    for (int t = 0; t < queries; t++) pairs[2 * t + 1] = sourceTime;
    int heads = Math.toIntExact(width / q.headDim());
    return Attend.of(q, heads(tape, layer, 0, heads), heads(tape, layer, 1, heads), form,
        tape.integers(pairs, 1, queries, 2), null);
  }

  private HeadsOf heads(Tape tape, int layer, int part, int heads) {
    return HeadsOf.joined(tape.constant(entries(layer, part)), heads);
  }

  @Override
  public void close() {
    memory.close();
  }
}
