package dev.kindling.data.job;

import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Connected components of a graph that no machine need hold: alternating large-star and small-star operations (Kiveris et al. 2014,
 * "Connected Components in MapReduce and Beyond", algorithm 3) until every node points to the smallest of its component. The
 * neighbours of a node come sorted and are read once, so a node may have any number of them.
 *
 * <pre>
 *   large-star   every node u: its larger neighbours point to the smallest of u and all its neighbours
 *   small-star   every node u: u and its smaller neighbours point to the smallest of these
 * </pre>
 */
final class Components {
  /** The columns of edges: numbers of two nodes, the larger one first. */
  static final String LARGER = "larger";
  static final String SMALLER = "smaller";

  static final StructType EDGE = new StructType().add(LARGER, DataTypes.LongType, false).add(SMALLER,
      DataTypes.LongType, false);

  private static final Encoder<Row> ROW = Encoders.row(EDGE);

  private Components() {
  }

  /** @param edges in any number, of {@link #EDGE}; @return each node but the smallest of a component, with that one */
  static Dataset<Row> of(Dataset<Row> edges) {
    Dataset<Row> now = Frames.once(edges);
    Row before = content(now);
    while (true) {
      Dataset<Row> next = Frames.once(star(star(now, true), false));
      Row after = content(next);
      if (after.equals(before)) return next;
      before = after;
      now = next;
    }
  }

  private static Dataset<Row> star(Dataset<Row> edges, boolean large) {
    Dataset<Row> seen = large
        ? edges.union(edges.select(functions.col(SMALLER).as(LARGER), functions.col(LARGER).as(SMALLER)))
        : edges;
    return seen.repartition(functions.col(LARGER)).sortWithinPartitions(LARGER, SMALLER)
        .mapPartitions((MapPartitionsFunction<Row, Row>) rows -> new Stars(rows, large), ROW);
  }

  /** Equal for equal edges, and else only by a chance of 2^-64. Stars, which are the end, stay the same and have no edge twice. */
  private static Row content(Dataset<Row> edges) {
    return edges
        .agg(functions.count("*"), functions.bit_xor(functions.xxhash64(functions.col(LARGER), functions.col(SMALLER))))
        .first();
  }

  /** The edges that one of the operations makes of nodes with their neighbours, both sorted. */
  private static final class Stars implements Iterator<Row> {
    private final SortedEdges edges;
    private final boolean large;
    private Row ready;

    Stars(Iterator<Row> rows, boolean large) {
      edges = new SortedEdges(rows);
      this.large = large;
    }

    @Override
    public boolean hasNext() {
      while (ready == null && edges.next()) ready = large ? largeStar() : smallStar();
      return ready != null;
    }

    @Override
    public Row next() {
      if (!hasNext()) throw new NoSuchElementException();
      Row row = ready;
      ready = null;
      return row;
    }

    private Row largeStar() {
      boolean up = edges.neighbour > edges.node;
      return up ? SortedEdges.edge(edges.neighbour, Math.min(edges.node, edges.smallest)) : null;
    }

    private Row smallStar() {
      boolean first = edges.neighbour == edges.smallest;
      return SortedEdges.edge(first ? edges.node : edges.neighbour, edges.smallest);
    }
  }

  /** Reads edges sorted by both columns, none twice. */
  private static final class SortedEdges {
    private final Iterator<Row> rows;
    private boolean begun;
    private long node;
    private long neighbour;
    private long smallest;

    SortedEdges(Iterator<Row> rows) {
      this.rows = rows;
    }

    boolean next() {
      while (rows.hasNext()) {
        Row row = rows.next();
        boolean same = begun && row.getLong(0) == node;
        if (same && row.getLong(1) == neighbour) continue;
        begun = true;
        node = row.getLong(0);
        neighbour = row.getLong(1);
        if (!same) smallest = neighbour;
        return true;
      }
      return false;
    }

    static Row edge(long larger, long smaller) {
      return RowFactory.create(larger, smaller);
    }
  }
}
