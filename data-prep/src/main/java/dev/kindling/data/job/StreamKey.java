package dev.kindling.data.job;

import dev.kindling.data.pack.DocumentOrder;
import java.io.Serializable;
import java.util.Comparator;
import org.apache.spark.Partitioner;

/**
 * A place in the order of all documents: training before held out, then by the hash of the id, then by the id.
 *
 * @param position 0 to {@link Long#MAX_VALUE}
 */
record StreamKey(boolean heldOut, long position, String id) implements Comparable<StreamKey>, Serializable {
  private static final Comparator<StreamKey> ORDER = Comparator.comparing(StreamKey::heldOut)
      .thenComparingLong(StreamKey::position).thenComparing(StreamKey::id);

  static StreamKey of(String id, DocumentOrder order) {
    return new StreamKey(order.isHeldOut(id), order.position(id), id);
  }

  @Override
  public int compareTo(StreamKey other) {
    return ORDER.compare(this, other);
  }

  /** Ranges of positions of equal width: hashes fill them evenly, and the partitions' order is the documents'. */
  static final class Ranges extends Partitioner {
    private static final long serialVersionUID = 1L;

    private final int perPart;

    Ranges(int perPart) {
      this.perPart = perPart;
    }

    @Override
    public int numPartitions() {
      return 2 * perPart;
    }

    @Override
    public int getPartition(Object key) {
      StreamKey place = (StreamKey) key;
      int range = (int) ((place.position() >>> 32) * perPart >>> 31);
      return place.heldOut() ? perPart + range : range;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Ranges ranges && ranges.perPart == perPart;
    }

    @Override
    public int hashCode() {
      return perPart;
    }
  }
}
