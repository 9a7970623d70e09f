package dev.kindling.jobs.lineage;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;

/** What a step of a run read. @param step counted from 1 */
public record StepLineage(long step, List<Sequence> sequences) {
  /** A sequence of the step. @param sample which of its virtual rank; @param shard file of the dataset; @param row of all rows */
  public record Sequence(int virtualRank, int sample, long row, String shard, List<Stretch> stretches) {}

  /**
   * A stretch of a document in a sequence.
   *
   * @param origin empty where nothing tells
   * @param start its first token in the row; @param end behind its last one
   * @param characters of the document's text; empty where the dataset does not tell
   */
  public record Stretch(String document, Optional<Origin> origin, int start, int end,
      Optional<Characters> characters) {}

  /** Characters of a text, [from, to); those of which a token has only some bytes are among them. */
  public record Characters(long from, long to) {}

  /** @throws dev.kindling.checkpoint.UserError where there is no such step, or the dataset is damaged */
  public static StepLineage of(Configuration conf, TracedRun run, long step) throws IOException {
    require(step >= 1, "--step", step, "1 or greater: steps are counted from 1");
    PackedDataset dataset = PackedDataset.open(conf, run.data(), run.info(), run.info().training(), 1 << 26);
    Map<Long, List<PackedRow.Span>> spans = new LinkedHashMap<>();
    for (int rank = 0; rank < run.order().virtualRanks(); rank++) {
      for (long row : run.order().rows(step - 1, rank)) spans.computeIfAbsent(row, dataset::spans);
    }
    Set<String> ids = spans.values().stream().flatMap(List::stream).map(PackedRow.Span::document)
        .collect(Collectors.toCollection(TreeSet::new));
    Map<String, Origin> origins = DocumentTable.of(conf, run.data(), run.info()).origins(ids);
    Tokenizer tokenizer = Tokenizer.load(conf, run.data());
    CharacterCount characters = CharacterCount.of(tokenizer.vocabularySize(), tokenizer::bytesOf);
    List<Sequence> sequences = new ArrayList<>();
    for (int rank = 0; rank < run.order().virtualRanks(); rank++) {
      long[] rows = run.order().rows(step - 1, rank);
      for (int i = 0; i < rows.length; i++) {
        int[] tokens = dataset.tokens(rows[i]);
        List<Stretch> stretches = spans.get(rows[i]).stream()
            .map(span -> new Stretch(span.document(), Optional.ofNullable(origins.get(span.document())), span.start(),
                span.end(), characters(span, tokens, characters, tokenizer.endOfText())))
            .toList();
        sequences.add(new Sequence(rank, i, rows[i], dataset.file(rows[i]), stretches));
      }
    }
    return new StepLineage(step, sequences);
  }

  private static Optional<Characters> characters(PackedRow.Span span, int[] tokens, CharacterCount count, int end) {
    if (span.character() == PackedRow.Span.UNKNOWN) return Optional.empty();
    int last = tokens[span.end() - 1] == end ? span.end() - 1 : span.end();
    return Optional.of(new Characters(span.character(), count.end(span.character(), tokens, span.start(), last)));
  }
}
