package dev.kindling.data.job;

import dev.kindling.data.dedup.MinHash;
import dev.kindling.data.dedup.NearSettings;
import dev.kindling.data.dedup.Shingles;
import dev.kindling.data.dedup.TextHash;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Of near-duplicates one stays. Documents that share a bucket of their MinHash signature are compared, those whose similarity reaches
 * the threshold are linked, and of all that are linked, directly or over others, the first by {@link Priority} stays. Between executors
 * move a number a band for each document, and the sketches of those that share a bucket.
 *
 * @param settings what a near-duplicate is
 * @param priority which document stays
 */
public record NearDuplicates(NearSettings settings, Priority priority) implements SignedStep {
  /** Stands in a reason before the id of the one that stays. */
  static final String LIKE = "like ";

  private static final String NODE = "node";
  private static final String BUCKET = "bucket";
  private static final String BUCKETS = "buckets";
  private static final String SKETCH = "sketch";
  private static final long MOST_BITS = 1L << 28;
  private static final int FILTERS = 16;                 // that are made and moved at once
  private static final StructType SIGNED = new StructType().add(Columns.ID, DataTypes.StringType, false)
      .add(Columns.SOURCE, DataTypes.StringType, false).add(Columns.FILE, DataTypes.StringType, false)
      .add(Columns.POSITION, DataTypes.LongType, false).add(NODE, DataTypes.LongType, false)
      .add(BUCKETS, DataTypes.BinaryType, false).add(SKETCH, DataTypes.BinaryType, false);
  private static final StructType PLACED = new StructType().add(BUCKET, DataTypes.LongType, false)
      .add(NODE, DataTypes.LongType, false);

  @Override
  public String name() {
    return "near";
  }

  @Override
  public Dataset<Row> apply(Dataset<Row> documents, Dataset<Row> signed, Optional<Dataset<Row>> older) {
    Dataset<Row> all = Priority.both(signed, older);
    Dataset<Row> roots = Components.of(similar(candidates(signed, older), all));
    Dataset<Row> labels = roots
        .union(roots.select(functions.col(Components.SMALLER), functions.col(Components.SMALLER)).distinct());
    Dataset<Row> members = all.join(labels, all.col(NODE).equalTo(labels.col(Components.LARGER)));
    return Frames.drop(documents, priority.losers(members, Components.SMALLER),
        functions.concat(functions.lit(name() + ": " + LIKE), functions.col(Priority.SURVIVOR)));
  }

  /** Names, buckets and sketches of the documents that are kept and have a word. */
  @Override
  public Dataset<Row> signatures(Dataset<Row> documents) {
    int shingle = settings.shingle();
    MinHash hash = new MinHash(settings.bands(), settings.rows());
    return documents.where(Columns.kept())
        .select(functions.col(Columns.ID), functions.col(Columns.SOURCE), functions.col(Columns.FILE),
            functions.col(Columns.POSITION), functions.col(Columns.TEXT))
        .flatMap((FlatMapFunction<Row, Row>) document -> {
          long[] shingles = Shingles.of(document.getString(4), shingle);
          if (shingles.length == 0) return Collections.emptyIterator();
          return List.of(RowFactory.create(document.get(0), document.get(1), document.get(2), document.get(3),
              TextHash.number(document.getString(0)), bytes(hash.buckets(shingles)), bytes(Shingles.sketch(shingles))))
              .iterator();
        }, Encoders.row(SIGNED));
  }

  /**
   * Pairs of documents that share a bucket, at least one of them added: two that were there before need no look, as what hangs together
   * with either goes.
   */
  private static Dataset<Row> candidates(Dataset<Row> signed, Optional<Dataset<Row>> older) {
    Dataset<Row> placed = placed(signed);
    Optional<Dataset<Row>> before = older
        .map(all -> placed(all).join(placed.select(BUCKET).distinct(), new String[]{BUCKET}, "left_semi"));
    return Priority.both(placed, before).repartition(functions.col(BUCKET))
        .sortWithinPartitions(BUCKET, Priority.ADDED, NODE)
        .mapPartitions((MapPartitionsFunction<Row, Row>) BucketLinks::new, Encoders.row(Components.EDGE)).distinct();
  }

  private static Dataset<Row> placed(Dataset<Row> signed) {
    return signed.select(NODE, BUCKETS).flatMap((FlatMapFunction<Row, Row>) document -> {
      long[] buckets = longs(document.getAs(1));
      return IntStream.range(0, buckets.length).mapToObj(i -> RowFactory.create(buckets[i], document.get(0)))
          .iterator();
    }, Encoders.row(PLACED));
  }

  /** Those of the pairs that are near-duplicates. */
  private Dataset<Row> similar(Dataset<Row> candidates, Dataset<Row> signed) {
    Dataset<Row> pairs = Frames.once(candidates);
    Dataset<Row> nodes = Frames.once(pairs.select(functions.col(Components.LARGER).as(NODE))
        .union(pairs.select(Components.SMALLER)).distinct());
    long count = nodes.count();
    if (count == 0) return pairs;
    Broadcast<BloomFilter> everywhere = JavaSparkContext.fromSparkContext(signed.sparkSession().sparkContext())
        .broadcast(filter(nodes, count));
    Column wanted = functions
        .udf((UDF1<Long, Boolean>) node -> everywhere.value().mightContainLong(node), DataTypes.BooleanType)
        .apply(functions.col(NODE));
    Column similarity = functions.udf((UDF2<byte[], byte[], Double>) (a, b) -> Shingles.similarity(longs(a), longs(b)),
        DataTypes.DoubleType).apply(functions.col("a"), functions.col("b"));
    Dataset<Row> sketches = signed.select(NODE, SKETCH).where(wanted);
    return pairs
        .join(sketches.select(functions.col(NODE).as(Components.LARGER), functions.col(SKETCH).as("a")),
            Components.LARGER)
        .join(sketches.select(functions.col(NODE).as(Components.SMALLER), functions.col(SKETCH).as("b")),
            Components.SMALLER)
        .where(similarity.geq(settings.threshold())).select(Components.LARGER, Components.SMALLER);
  }

  /**
   * Spark SQL's own filter has at most 4 million numbers and 8 MiB, whatever it is asked for, and lets nearly all through where there
   * are more. This one has 10 bits a number, of which 1% of the others come through, up to 32 MiB: 180 million numbers still keep
   * half of them away.
   *
   * @param nodes a column of numbers; @param count how many
   */
  static BloomFilter filter(Dataset<Row> nodes, long count) {
    long bits = Math.min(MOST_BITS, Math.max(64, 10 * count));
    return nodes.javaRDD().coalesce(FILTERS).mapPartitions(rows -> {
      BloomFilter some = BloomFilter.create(count, bits);
      while (rows.hasNext()) some.putLong(rows.next().getLong(0));
      return List.of(some).iterator();
    }).treeReduce(BloomFilter::mergeInPlace);
  }

  private static byte[] bytes(long[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES);
    bytes.asLongBuffer().put(values);
    return bytes.array();
  }

  private static long[] longs(byte[] bytes) {
    long[] values = new long[bytes.length / Long.BYTES];
    ByteBuffer.wrap(bytes).asLongBuffer().get(values);
    return values;
  }
}
