package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.pack.ShardCut;
import dev.kindling.data.pack.StreamPiece;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/** All documents as token ids, in the order of the two streams, training and held out. Closing gives Spark's storage back. */
final class EncodedDocuments implements AutoCloseable {
  /** What a partition holds; tokens without the end-of-text ones. */
  record Totals(long documents, long tokens) implements Serializable {
    Totals plus(Totals other) {
      return new Totals(documents + other.documents, tokens + other.tokens);
    }
  }

  private final JavaPairRDD<StreamKey, int[]> sorted;
  private final List<Totals> totals;
  private final int ranges;

  private EncodedDocuments(JavaPairRDD<StreamKey, int[]> sorted, List<Totals> totals, int ranges) {
    this.sorted = sorted;
    this.totals = totals;
    this.ranges = ranges;
  }

  /** @throws UserError where two documents share an id */
  static EncodedDocuments of(JavaSparkContext spark, Documents documents, Tokenizer tokenizer, DocumentOrder order) {
    Broadcast<SharedTokenizer> shared = spark.broadcast(new SharedTokenizer(tokenizer));
    int ranges = (int) Math.max(spark.defaultParallelism(), documents.bytes() >>> 24);
    JavaPairRDD<StreamKey, int[]> sorted = documents.clean()
        .mapToPair(document -> new Tuple2<>(StreamKey.of(document.id(), order),
            shared.value().get().encodeOrdinary(document.text())))
        .repartitionAndSortWithinPartitions(new StreamKey.Ranges(ranges)).persist(StorageLevel.MEMORY_AND_DISK());
    return new EncodedDocuments(sorted, sorted.mapPartitions(EncodedDocuments::count).collect(), ranges);
  }

  Totals training() {
    return totals.subList(0, ranges).stream().reduce(new Totals(0, 0), Totals::plus);
  }

  Totals heldOut() {
    return totals.subList(ranges, 2 * ranges).stream().reduce(new Totals(0, 0), Totals::plus);
  }

  /**
   * Every document in pieces that each lie in one shard: a partition a shard, in the order of the stream, the training shards
   * first. The end-of-text token comes behind each document.
   */
  JavaPairRDD<ShardKey, StreamPiece> pieces(ShardCut training, ShardCut heldOut, int endOfText,
      CharacterCount characters) {
    long[] starts = starts();
    int trainingRanges = ranges;
    int trainingShards = training.shards();
    return sorted.mapPartitionsWithIndex((index, partition) -> {
      boolean isTraining = index < trainingRanges;
      Pieces pieces = new Pieces(isTraining ? training : heldOut, isTraining ? 0 : trainingShards, starts[index],
          endOfText, characters);
      return StreamSupport.stream(Spliterators.spliteratorUnknownSize(partition, 0), false)
          .flatMap(document -> pieces.of(document._1().id(), document._2()).stream()).iterator();
    }, false).mapToPair(pair -> pair)
        .repartitionAndSortWithinPartitions(new ShardKey.Shards(trainingShards + heldOut.shards()));
  }

  @Override
  public void close() {
    sorted.unpersist();
  }

  /** Where each partition's first token stands in its stream, behind the end of text that the stream starts with. */
  private long[] starts() {
    long[] starts = new long[totals.size()];
    for (int i = 0; i < starts.length; i++) {
      boolean first = i == 0 || i == ranges;
      starts[i] = first ? 1 : starts[i - 1] + totals.get(i - 1).tokens() + totals.get(i - 1).documents();
    }
    return starts;
  }

  private static Iterator<Totals> count(Iterator<Tuple2<StreamKey, int[]>> documents) {
    long count = 0;
    long tokens = 0;
    StreamKey before = null;
    while (documents.hasNext()) {
      Tuple2<StreamKey, int[]> document = documents.next();
      if (document._1().equals(before))
        throw new UserError("two documents have the id '" + before.id()
            + "'; ids must be different; name another field with idField, or one that no document has to number them");
      before = document._1();
      count++;
      tokens += document._2().length;
    }
    return List.of(new Totals(count, tokens)).iterator();
  }

  /** Cuts documents that follow each other in a stream at the borders of shards. */
  private static final class Pieces {
    private final ShardCut cut;
    private final int shardsBefore;
    private final int endOfText;
    private final CharacterCount characters;
    private long position;

    Pieces(ShardCut cut, int shardsBefore, long position, int endOfText, CharacterCount characters) {
      this.cut = cut;
      this.shardsBefore = shardsBefore;
      this.position = position;
      this.endOfText = endOfText;
      this.characters = characters;
    }

    List<Tuple2<ShardKey, StreamPiece>> of(String id, int[] ids) {
      int[] tokens = Arrays.copyOf(ids, ids.length + 1);
      tokens[ids.length] = endOfText;
      long end = position + tokens.length;
      List<Tuple2<ShardKey, StreamPiece>> pieces = new ArrayList<>();
      int counted = 0;
      long begun = 0;
      for (int shard = cut.firstShard(position); shard <= cut.lastShard(end); shard++) {
        int from = (int) (Math.max(position, cut.start(shard)) - position);
        int to = (int) (Math.min(end, cut.end(shard)) - position);
        begun += characters.begun(tokens, counted, from);
        counted = from;
        pieces.add(new Tuple2<>(new ShardKey(shardsBefore + shard, position + from),
            new StreamPiece(id, position + from, from, begun, Arrays.copyOfRange(tokens, from, to))));
      }
      position = end;
      return pieces;
    }
  }
}
