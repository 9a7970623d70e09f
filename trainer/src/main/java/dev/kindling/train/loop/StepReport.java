package dev.kindling.train.loop;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * What each rank tells all others in a step, besides gradients and weights.
 *
 * @param stop whether this rank was asked to end the run after this step
 * @param tokens positions that it read
 * @param labels that counted, over its virtual ranks
 * @param losses the summed loss of each of its virtual ranks, in order
 * @param squares the sum of the squares of each block of its shard of the summed gradient, in order
 */
record StepReport(boolean stop, long tokens, long labels, double[] losses, double[] squares) {
  byte[] toBytes() {
    ByteBuffer out = ByteBuffer.allocate(1 + 2 * Long.BYTES + 2 * Integer.BYTES
        + Double.BYTES * (losses.length + squares.length));
    out.put((byte) (stop ? 1 : 0)).putLong(tokens).putLong(labels);
    put(out, losses);
    put(out, squares);
    return out.array();
  }

  static StepReport fromBytes(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    boolean stop = in.get() != 0;
    return new StepReport(stop, in.getLong(), in.getLong(), get(in), get(in));
  }

  /** All ranks' reports as one: the places of losses and squares do not show who brought them. */
  static StepReport join(List<byte[]> byRank) {
    List<StepReport> all = byRank.stream().map(StepReport::fromBytes).toList();
    return new StepReport(all.stream().anyMatch(StepReport::stop), all.stream().mapToLong(StepReport::tokens).sum(),
        all.stream().mapToLong(StepReport::labels).sum(),
        all.stream().flatMapToDouble(r -> DoubleStream.of(r.losses)).toArray(),
        all.stream().flatMapToDouble(r -> DoubleStream.of(r.squares)).toArray());
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
