package dev.kindling.data.job;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Pairs to compare, from (bucket, node, added) with the nodes that are not added first in each bucket, else sorted: each added node of
 * a bucket with the bucket's first and with the {@link #NEAREST} before it. All pairs of small buckets; a bucket of n nodes never gives more than 5 n pairs and is never held in memory, so a million
 * copies of a notice cost what a million other documents cost.
 */
final class BucketLinks implements Iterator<Row> {
  private static final int NEAREST = 4;

  private final Iterator<Row> rows;
  private final Deque<Row> ready = new ArrayDeque<>();
  private final Deque<Long> before = new ArrayDeque<>();
  private boolean begun;
  private long bucket;
  private long first;

  BucketLinks(Iterator<Row> rows) {
    this.rows = rows;
  }

  @Override
  public boolean hasNext() {
    while (ready.isEmpty() && rows.hasNext()) read(rows.next());
    return !ready.isEmpty();
  }

  @Override
  public Row next() {
    if (!hasNext()) throw new NoSuchElementException();
    return ready.remove();
  }

  private void read(Row row) {
    long node = row.getLong(1);
    if (!begun || row.getLong(0) != bucket) {
      begun = true;
      bucket = row.getLong(0);
      first = node;
      before.clear();
      return;
    }
    if (row.getBoolean(2)) {
      pair(node, first);
      for (long other : before) pair(node, other);
    }
    before.add(node);
    if (before.size() > NEAREST) before.remove();
  }

  private void pair(long node, long other) {
    ready.add(RowFactory.create(Math.max(node, other), Math.min(node, other)));
  }
}
