package dev.kindling.data.job;

import dev.kindling.data.pack.BestFitRows;
import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.ExampleRows;
import dev.kindling.data.pack.GroupedRows;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.pack.RowAssembler;
import dev.kindling.data.pack.RowCut;
import dev.kindling.data.pack.ShardCut;
import dev.kindling.data.pack.SingleRows;
import dev.kindling.data.pack.WholeDocument;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.LongestPair;
import dev.kindling.data.shard.ShardColumns;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** Encoded documents to shards, as a {@link Packing} has it. */
final class Packer {
  private final EncodedDocuments encoded;
  private final Packing packing;
  private final int sequenceLength;
  private final ShardColumns columns;
  private final int endOfText;
  private final CharacterCount characters;
  private final Path folder;
  private final ShardFiles.First numbers;
  private final Broadcast<HadoopSettings> settings;

  /** @param folder below which the shards go; @param first numbers of rows */
  Packer(EncodedDocuments encoded, PrepOptions options, Tokenizer tokenizer, Path folder,
      ShardFiles.First first, Broadcast<HadoopSettings> settings) {
    this.encoded = encoded;
    packing = options.packing();
    sequenceLength = options.sequenceLength();
    columns = packing.isLabelled() ? ShardColumns.of(options.labelKind()) : ShardColumns.LEARNED;
    endOfText = tokenizer.endOfText();
    characters = tokenizer.spellsTexts()
        ? CharacterCount.of(tokenizer.vocabularySize(), tokenizer::bytesOf)
        : CharacterCount.unknown(tokenizer.vocabularySize());
    this.folder = folder;
    numbers = first;
    this.settings = settings;
  }

  /** What was written. */
  record Parts(DatasetInfo.Part training, DatasetInfo.Part heldOut, DatasetInfo.Packing packing) {
    /** With shards that are known to be of a version. */
    Parts in(int version) {
      return new Parts(in(training, version), in(heldOut, version), packing);
    }

    private static DatasetInfo.Part in(DatasetInfo.Part part, int version) {
      return new DatasetInfo.Part(part.documents(), part.tokens(), part.targets(), part.rows(), part.rowsPerShard(),
          part.rowsPerGroup(), part.shards().stream().map(shard -> shard.in(version)).toList());
    }
  }

  /** What is needed of a document to know its place. @param cut whether it does not fit into a row; @param second where what is written begins */
  private record Size(int tokens, int targets, boolean cut, int second) implements Serializable {}

  /**
   * What a group of documents comes to.
   *
   * @param cut documents that do not fit into a row; @param filled places for targets that hold one
   * @param longest of pairs of what is read and what is written; null: there are none
   */
  private record Group(int rows, long cut, long targets, long filled, LongestPair longest) implements Serializable {}

  Parts pack() throws IOException {
    return switch (packing) {
      case CONCATENATE -> concatenated();
      case BEST_FIT -> fitted(new BestFitRows(sequenceLength, endOfText, characters));
      case PROMPT_COMPLETION, PREFERENCE -> fitted(new ExampleRows(sequenceLength, endOfText));
      case CLASSIFICATION, TOKEN_CLASSIFICATION, SEQUENCE_TO_SEQUENCE ->
        fitted(new SingleRows(sequenceLength, endOfText));
    };
  }

  private Parts concatenated() throws IOException {
    ShardCut training = new ShardCut(sequenceLength, encoded.stream(false));
    ShardCut heldOut = new ShardCut(sequenceLength, encoded.stream(true));
    int end = endOfText;
    CharacterCount counts = characters;
    List<DatasetInfo.Shard> shards = new ShardFiles(folder, training, heldOut, numbers, settings).write(
        encoded.pieces(training, heldOut, end, counts), ShardColumns.NONE, (cut, firstRow, pieces, rows) -> {
          RowAssembler assembler = new RowAssembler(new RowCut(cut.sequenceLength()), end, counts, firstRow, rows);
          while (pieces.hasNext()) assembler.add(pieces.next()._2());
          assembler.finish();
        });
    TokenCounts first = encoded.training();
    TokenCounts second = encoded.heldOut();
    long targets = first.tokens() + first.documents();
    long heldOutTargets = second.tokens() + second.documents();
    return parts(training, heldOut, shards, new long[]{targets, heldOutTargets}, targets + heldOutTargets,
        encoded.cutByRows(new RowCut(sequenceLength)), null);
  }

  private Parts fitted(GroupedRows rows) throws IOException {
    int trainingGroups = rows.groups(encoded.stream(false));
    boolean byToken = packing == Packing.TOKEN_CLASSIFICATION;
    boolean nothing = trainingGroups + rows.groups(encoded.stream(true)) == 0;
    List<Group> groups = nothing
        ? List.of()
        : encoded.groups(rows, (id, document) -> size(document, rows.sequenceLength(), byToken))
            .mapPartitions(group -> List.of(count(rows, group)).iterator()).collect();
    long[] firstRows = new long[groups.size()];
    for (int g = 1; g < firstRows.length; g++)
      if (g != trainingGroups) firstRows[g] = firstRows[g - 1] + groups.get(g - 1).rows();
    List<Group> first = groups.subList(0, trainingGroups);
    List<Group> second = groups.subList(trainingGroups, groups.size());
    ShardCut training = cut(first);
    ShardCut heldOut = cut(second);
    List<DatasetInfo.Shard> shards = new ShardFiles(folder, training, heldOut, numbers, settings).write(
        rowsByShard(rows, trainingGroups, firstRows, training, heldOut), columns, (cut, firstRow, packed, out) -> {
          while (packed.hasNext()) out.write(packed.next()._2());
        });
    return parts(training, heldOut, shards, new long[]{targets(first), targets(second)},
        groups.stream().mapToLong(Group::filled).sum(), groups.stream().mapToLong(Group::cut).sum(),
        packing == Packing.SEQUENCE_TO_SEQUENCE ? longest(groups) : null);
  }

  private static LongestPair longest(List<Group> groups) {
    return groups.stream().map(Group::longest).reduce(new LongestPair(1, 1), LongestPair::of);
  }

  private static long targets(List<Group> groups) {
    return groups.stream().mapToLong(Group::targets).sum();
  }

  /** A partition a shard, in the order of the rows. @param firstRows of each group, those of held-out documents from 0 again */
  private JavaPairRDD<ShardKey, PackedRow> rowsByShard(GroupedRows rows, int trainingGroups, long[] firstRows,
      ShardCut training, ShardCut heldOut) {
    return encoded
        .groups(rows, (id, document) -> new WholeDocument(id, document.ids(), document.learned(), document.second(),
            document.labels()))
        .mapPartitionsWithIndex((group, documents) -> {
          boolean isTraining = group < trainingGroups;
          ShardCut cut = isTraining ? training : heldOut;
          int before = isTraining ? 0 : training.shards();
          List<WholeDocument> whole = new ArrayList<>();
          documents.forEachRemaining(document -> whole.add(document._2()));
          Iterator<PackedRow> packed = rows.rows(whole, firstRows[group]);
          return StreamSupport.stream(Spliterators.spliteratorUnknownSize(packed, 0), false)
              .map(row -> new Tuple2<>(new ShardKey(before + cut.shard(row.row()), row.row()), row)).iterator();
        }, false).mapToPair(pair -> pair)
        .repartitionAndSortWithinPartitions(new ShardKey.Shards(training.shards() + heldOut.shards()));
  }

  /** @param byToken whether labels are of tokens, else of the document */
  private static Size size(EncodedDocument document, int sequenceLength, boolean byToken) {
    int tokens = document.ids().length;
    if (byToken) {
      long labels = Arrays.stream(document.labels()).filter(label -> label != PackedRow.UNLABELLED).count();
      return new Size(tokens, Math.toIntExact(labels), document.cut(), 0);
    }
    if (document.labels() != null) return new Size(tokens, 1, document.cut(), 0);
    if (document.learned() == null) return new Size(tokens, tokens + 1, tokens + 1 > sequenceLength, 0);
    int learned = 0;
    for (boolean one : document.learned()) if (one) learned++;
    return new Size(tokens, learned, document.cut(), document.second());
  }

  private static Group count(GroupedRows rows, Iterator<Tuple2<ShardKey, Size>> documents) {
    List<Size> sizes = new ArrayList<>();
    documents.forEachRemaining(document -> sizes.add(document._2()));
    int count = rows.count(sizes.stream().mapToInt(Size::tokens).toArray());
    long tokens = sizes.stream().mapToLong(Size::tokens).sum();
    return new Group(count, sizes.stream().filter(Size::cut).count(), sizes.stream().mapToLong(Size::targets).sum(),
        rows.filled(tokens, sizes.size(), count),
        sizes.stream().filter(size -> size.second() > 0).map(size -> new LongestPair(size.second(),
            size.tokens() - size.second())).reduce(LongestPair::of).orElse(null));
  }

  private ShardCut cut(List<Group> groups) {
    return ShardCut.ofRows(sequenceLength, groups.stream().mapToLong(Group::rows).sum());
  }

  /** @param targets in training and held out; @param filled places for targets that hold a token; @param longest of pairs, or null */
  private Parts parts(ShardCut training, ShardCut heldOut, List<DatasetInfo.Shard> shards, long[] targets, long filled,
      long cutDocuments, LongestPair longest) {
    DatasetInfo.Part first = part(encoded.training(), targets[0], training, shards.subList(0, training.shards()));
    DatasetInfo.Part second = part(encoded.heldOut(), targets[1], heldOut,
        shards.subList(training.shards(), shards.size()));
    long places = (first.rows() + second.rows()) * sequenceLength;
    return new Parts(first, second, new DatasetInfo.Packing(packing.label(), cutDocuments,
        places == 0 ? 0 : 100.0 * (places - filled) / places, longest));
  }

  private static DatasetInfo.Part part(TokenCounts totals, long targets, ShardCut cut, List<DatasetInfo.Shard> shards) {
    return new DatasetInfo.Part(totals.documents(), totals.tokens(), targets, cut.rows(), cut.rowsPerShard(),
        cut.rowsPerGroup(), List.copyOf(shards));
  }
}
