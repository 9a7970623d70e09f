package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.pack.GroupedRows;
import dev.kindling.data.pack.RowCut;
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
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/** All documents as token ids, in the order of the two streams, training and held out. Closing gives Spark's storage back. */
final class EncodedDocuments implements AutoCloseable {
  private final JavaPairRDD<StreamKey, EncodedDocument> sorted;
  private final List<TokenCounts> totals;
  private final int ranges;

  private EncodedDocuments(JavaPairRDD<StreamKey, EncodedDocument> sorted, List<TokenCounts> totals, int ranges) {
    this.sorted = sorted;
    this.totals = totals;
    this.ranges = ranges;
  }

  /** What documents are encoded by, in an executor. */
  @FunctionalInterface
  interface Encoding extends Serializable {
    EncodedDocument of(CleanDocument document);
  }

  /** Texts. */
  static Encoding texts(JavaSparkContext spark, Tokenizer tokenizer) {
    Broadcast<SharedTokenizer> shared = spark.broadcast(new SharedTokenizer(tokenizer));
    return document -> EncodedDocument.of(document, shared.value().get());
  }

  /** Examples. */
  static Encoding examples(JavaSparkContext spark, SharedExamples examples) {
    Broadcast<SharedExamples> shared = spark.broadcast(examples);
    return document -> shared.value().encode(document);
  }

  /** @param characters of all texts, about; @throws UserError where two documents share an id */
  static EncodedDocuments of(JavaSparkContext spark, JavaRDD<CleanDocument> documents, long characters,
      Encoding encoding, DocumentOrder order) {
    int ranges = (int) Math.max(spark.defaultParallelism(), characters >>> 24);
    JavaPairRDD<StreamKey, EncodedDocument> sorted = documents
        .mapToPair(document -> new Tuple2<>(StreamKey.of(document.id(), order),
            encoding.of(document)))
        .repartitionAndSortWithinPartitions(new StreamKey.Ranges(ranges)).persist(StorageLevel.MEMORY_AND_DISK());
    return new EncodedDocuments(sorted, sorted.mapPartitions(EncodedDocuments::count).collect(), ranges);
  }

  TokenCounts training() {
    return totals.subList(0, ranges).stream().reduce(new TokenCounts(), TokenCounts::plus);
  }

  TokenCounts heldOut() {
    return totals.subList(ranges, 2 * ranges).stream().reduce(new TokenCounts(), TokenCounts::plus);
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
          .flatMap(document -> pieces.of(document._1().id(), document._2().ids()).stream()).iterator();
    }, false).mapToPair(pair -> pair)
        .repartitionAndSortWithinPartitions(new ShardKey.Shards(trainingShards + heldOut.shards()));
  }

  /** What is made of a document on its way into a group. */
  @FunctionalInterface
  interface OfDocument<T> extends Serializable {
    T of(String id, EncodedDocument document);
  }

  /** The documents in the groups that are packed on their own: a partition a group, in the order of the stream, those of training first. */
  <T> JavaPairRDD<ShardKey, T> groups(GroupedRows rows, OfDocument<T> make) {
    long[] starts = starts();
    int trainingRanges = ranges;
    int trainingGroups = rows.groups(stream(false));
    return sorted.mapPartitionsWithIndex((index, partition) -> {
      long[] position = {starts[index]};
      int before = index < trainingRanges ? 0 : trainingGroups;
      return StreamSupport.stream(Spliterators.spliteratorUnknownSize(partition, 0), false).map(document -> {
        long at = position[0];
        position[0] += document._2().ids().length + 1;
        return new Tuple2<>(new ShardKey(before + rows.group(at), at), make.of(document._1().id(), document._2()));
      }).iterator();
    }, false).mapToPair(pair -> pair)
        .repartitionAndSortWithinPartitions(new ShardKey.Shards(trainingGroups + rows.groups(stream(true))));
  }

  /** Documents whose tokens are in more than one row where the streams are cut. */
  long cutByRows(RowCut cut) {
    long[] starts = starts();
    return sorted.mapPartitionsWithIndex((index, partition) -> {
      long position = starts[index];
      long cutHere = 0;
      while (partition.hasNext()) {
        int targets = partition.next()._2().ids().length + 1;
        if (cut.row(position) != cut.row(position + targets - 1)) cutHere++;
        position += targets;
      }
      return List.of(cutHere).iterator();
    }, true).reduce(Long::sum);
  }

  /** Tokens of a stream. */
  long stream(boolean ofHeldOut) {
    TokenCounts counts = ofHeldOut ? heldOut() : training();
    return RowCut.streamLength(counts.documents(), counts.tokens());
  }

  /** All documents in the order of the streams, with their place in it. */
  JavaPairRDD<StreamKey, EncodedDocument> documents() {
    return sorted;
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

  /** @param where both are */
  static UserError repeated(String id, String where) {
    return new UserError("two documents have the id '" + id + "': " + where
        + "; ids must be different; name another field with idField, or one that no document has to number them");
  }

  private static Iterator<TokenCounts> count(Iterator<Tuple2<StreamKey, EncodedDocument>> documents) {
    TokenCounts counts = new TokenCounts();
    StreamKey before = null;
    while (documents.hasNext()) {
      Tuple2<StreamKey, EncodedDocument> document = documents.next();
      if (document._1().equals(before)) throw repeated(before.id(), "the table documents would have both");
      before = document._1();
      counts.add(document._2());
    }
    return List.of(counts).iterator();
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
