package dev.kindling.data.pack;

import java.io.Serializable;

/**
 * How the rows of a stream are divided into files, from its length alone: about 256 shards, none with fewer than a million or more
 * than 64 million tokens, and row groups of about a quarter of a million tokens, which is what a reader decodes to get at one row.
 *
 * @param sequenceLength T
 * @param stream tokens of the stream
 */
public record ShardCut(int sequenceLength, long stream) implements Serializable {
  /** Of rows that no stream is cut into. */
  public static ShardCut ofRows(int sequenceLength, long rows) {
    return new ShardCut(sequenceLength, rows * sequenceLength + 1);
  }

  private static final long FEWEST_TOKENS = 1 << 20;
  private static final long MOST_TOKENS = 1 << 26;
  private static final long GROUP_TOKENS = 1 << 18;
  private static final long SHARDS = 256;

  public long rows() {
    return new RowCut(sequenceLength).rows(stream);
  }

  public int rowsPerShard() {
    long tokens = Math.max(FEWEST_TOKENS, Math.min(MOST_TOKENS, stream / SHARDS));
    return (int) Math.max(1, tokens / sequenceLength);
  }

  public int rowsPerGroup() {
    return (int) Math.max(1, Math.min(rowsPerShard(), GROUP_TOKENS / sequenceLength));
  }

  public int shards() {
    return Math.toIntExact((rows() + rowsPerShard() - 1) / rowsPerShard());
  }

  /** The shard of a row. */
  public int shard(long row) {
    return (int) (row / rowsPerShard());
  }

  /** @return the row that a shard starts with */
  public long firstRow(int shard) {
    return (long) shard * rowsPerShard();
  }

  /** The first shard that needs a stretch of the stream which starts at {@code position}, 1 or greater. */
  public int firstShard(long position) {
    return (int) ((position - 1) / targetsPerShard());       // a shard's last token is the first of the next one too
  }

  /** The last shard that needs a stretch of the stream which ends before {@code end}. */
  public int lastShard(long end) {
    return (int) Math.min(shards() - 1, (end - 1) / targetsPerShard());
  }

  /** @return the position of the first token of a shard */
  public long start(int shard) {
    return shard * targetsPerShard();
  }

  /** @return behind the last token of a shard */
  public long end(int shard) {
    return (shard + 1) * targetsPerShard() + 1;
  }

  private long targetsPerShard() {
    return (long) rowsPerShard() * sequenceLength;
  }
}
