package dev.kindling.train.loop;

import dev.kindling.train.collective.PairwiseSum;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * What each rank tells all others in a step, besides gradients and weights.
 *
 * @param stop whether and when this rank was asked to end the run
 * @param tokens positions that it read
 * @param labels that counted, over its virtual ranks
 * @param sent bytes of gradients that it sent since its last report
 * @param losses the summed loss of each of its virtual ranks, in order
 * @param squares the sum of the squares of each block of its shard of the summed gradient, in order; of all of them in one where
 *        ranks learn apart
 * @param nanos its time by {@link dev.kindling.train.profile.Part} since its last report
 * @param word of a checkpoint that is written meanwhile: see {@link Checkpoints.Saving}
 */
record StepReport(StopRequest stop, long tokens, long labels, long sent, double[] losses, double[] squares,
    long[] nanos, byte[] word) {
  /** Of the mean gradient. */
  double norm() {
    return Math.sqrt(PairwiseSum.of(squares)) / labels;
  }

  byte[] toBytes() {
    ByteBuffer out = ByteBuffer.allocate(1 + 3 * Long.BYTES + 2 * Integer.BYTES
        + Double.BYTES * (losses.length + squares.length) + 1 + Long.BYTES * nanos.length + word.length);
    out.put((byte) stop.ordinal()).putLong(tokens).putLong(labels).putLong(sent);
    put(out, losses);
    put(out, squares);
    out.put((byte) nanos.length);
    for (long each : nanos) out.putLong(each);
    out.put(word);
    return out.array();
  }

  static StepReport fromBytes(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    StopRequest stop = StopRequest.values()[in.get()];
    long tokens = in.getLong();
    long labels = in.getLong();
    long sent = in.getLong();
    double[] losses = get(in);
    double[] squares = get(in);
    long[] nanos = new long[in.get()];
    for (int i = 0; i < nanos.length; i++) nanos[i] = in.getLong();
    byte[] word = new byte[in.remaining()];
    in.get(word);
    return new StepReport(stop, tokens, labels, sent, losses, squares, nanos, word);
  }

  static List<StepReport> of(List<byte[]> byRank) {
    return byRank.stream().map(StepReport::fromBytes).toList();
  }

  /** All ranks' reports as one: the places of losses and squares do not show who brought them. Times are each rank's own. */
  static StepReport join(List<StepReport> all) {
    return new StepReport(all.stream().map(StepReport::stop).reduce(StopRequest.NONE, StopRequest::or),
        all.stream().mapToLong(StepReport::tokens).sum(),
        all.stream().mapToLong(StepReport::labels).sum(),
        all.stream().mapToLong(StepReport::sent).sum(),
        all.stream().flatMapToDouble(r -> DoubleStream.of(r.losses)).toArray(),
        all.stream().flatMapToDouble(r -> DoubleStream.of(r.squares)).toArray(), new long[0], new byte[0]);
  }

  private static void put(ByteBuffer out, double[] values) {
    out.putInt(values.length);
    for (double value : values) out.putDouble(value);
  }

  private static double[] get(ByteBuffer in) {
    double[] values = new double[in.getInt()];
    for (int i = 0; i < values.length; i++) values[i] = in.getDouble();
    return values;
  }
}
