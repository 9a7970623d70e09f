package dev.kindling.jobs.dl4j;

import dev.kindling.train.loop.StopRequest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * What a rank tells all others in a step.
 *
 * @param segments of its longest time series; @param scores the summed score of each of its virtual ranks, in order
 * @param stop whether the run shall end
 */
record Dl4jReport(long examples, int segments, double[] scores, StopRequest stop) {
  byte[] toBytes() {
    ByteBuffer out = ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + Double.BYTES * scores.length)
        .putLong(examples).putInt(segments).putInt(stop.ordinal());
    for (double score : scores) out.putDouble(score);
    return out.array();
  }

  /** All ranks' reports as one. */
  static Dl4jReport join(List<byte[]> byRank) {
    List<Dl4jReport> all = byRank.stream().map(Dl4jReport::fromBytes).toList();
    return new Dl4jReport(all.stream().mapToLong(Dl4jReport::examples).sum(),
        all.stream().mapToInt(Dl4jReport::segments).max().orElse(1),
        all.stream().flatMapToDouble(r -> DoubleStream.of(r.scores)).toArray(),
        all.stream().map(Dl4jReport::stop).reduce(StopRequest.NONE, StopRequest::or));
  }

  private static Dl4jReport fromBytes(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    long examples = in.getLong();
    int segments = in.getInt();
    StopRequest stop = StopRequest.values()[in.getInt()];
    double[] scores = new double[in.remaining() / Double.BYTES];
    for (int i = 0; i < scores.length; i++) scores[i] = in.getDouble();
    return new Dl4jReport(examples, segments, scores, stop);
  }
}
