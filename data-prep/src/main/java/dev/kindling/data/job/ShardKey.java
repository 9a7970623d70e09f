package dev.kindling.data.job;

import java.io.Serializable;
import java.util.Comparator;
import org.apache.spark.Partitioner;

/** A place in the stream: which shard of all, training first, and the position of its first token. */
record ShardKey(int shard, long position) implements Comparable<ShardKey>, Serializable {
  private static final Comparator<ShardKey> ORDER = Comparator.comparingInt(ShardKey::shard)
      .thenComparingLong(ShardKey::position);

  @Override
  public int compareTo(ShardKey other) {
    return ORDER.compare(this, other);
  }

  /** A partition a shard. */
  static final class Shards extends Partitioner {
    private static final long serialVersionUID = 1L;

    private final int count;

    Shards(int count) {
      this.count = count;
    }

    @Override
    public int numPartitions() {
      return count;
    }

    @Override
    public int getPartition(Object key) {
      return ((ShardKey) key).shard();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Shards shards && shards.count == count;
    }

    @Override
    public int hashCode() {
      return count;
    }
  }
}
