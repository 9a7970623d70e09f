package dev.kindling.jobs.lineage;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What a step of a run read. @param step counted from 1 */
public record StepLineage(long step, List<Sequence> sequences) {
  /** A sequence of the step. @param sample which of its virtual rank; @param row of the {@code dataset}'s; @param shard file of it */
  public record Sequence(int virtualRank, int sample, String dataset, long row, String shard,
      List<Stretch> stretches) {}

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
    List<Rows> datasets = new ArrayList<>();
    for (DatasetMixture.Member member : run.datasets().members()) datasets.add(Rows.of(conf, member));
    for (int rank = 0; rank < run.order().virtualRanks(); rank++) {
      for (long row : run.order().rows(step - 1, rank)) {
        int member = run.datasets().memberOf(row);
        Rows rows = datasets.get(member);
        rows.spans.computeIfAbsent(row - run.datasets().firstRow(member), rows.packed::spans);
      }
    }
    for (Rows rows : datasets) rows.locate(conf);
    Path first = run.datasets().members().get(0).folder();
    Tokenizer tokenizer = Tokenizer.load(conf, first);
    CharacterCount characters = CharacterCount.of(tokenizer.vocabularySize(), tokenizer::bytesOf);
    List<Sequence> sequences = new ArrayList<>();
    for (int rank = 0; rank < run.order().virtualRanks(); rank++) {
      long[] rows = run.order().rows(step - 1, rank);
      for (int i = 0; i < rows.length; i++) {
        int member = run.datasets().memberOf(rows[i]);
        Rows of = datasets.get(member);
        long row = rows[i] - run.datasets().firstRow(member);
        int[] tokens = of.packed.tokens(row);
        List<Stretch> stretches = of.spans.get(row).stream()
            .map(span -> new Stretch(span.document(), Optional.ofNullable(of.origins.get(span.document())),
                span.start(), span.end(), characters(span, tokens, characters, tokenizer.endOfText())))
            .toList();
        sequences.add(new Sequence(rank, i, of.member.folder().toString(), row, of.packed.file(row), stretches));
      }
    }
    return new StepLineage(step, sequences);
  }

  /** What the step reads of a dataset. @param spans by its own rows */
  private record Rows(DatasetMixture.Member member, PackedDataset packed, Map<Long, List<PackedRow.Span>> spans,
      Map<String, Origin> origins) {
    static Rows of(Configuration conf, DatasetMixture.Member member) {
      return new Rows(member,
          PackedDataset.open(conf, member.folder(), member.info(), member.info().training(), 1 << 26),
          new LinkedHashMap<>(), new HashMap<>());
    }

    void locate(Configuration conf) throws IOException {
      Set<String> ids = spans.values().stream().flatMap(List::stream).map(PackedRow.Span::document)
          .collect(Collectors.toCollection(TreeSet::new));
      origins.putAll(DocumentTable.of(conf, member).origins(ids));
    }
  }

  private static Optional<Characters> characters(PackedRow.Span span, int[] tokens, CharacterCount count, int end) {
    if (span.character() == PackedRow.Span.UNKNOWN) return Optional.empty();
    int last = tokens[span.end() - 1] == end ? span.end() - 1 : span.end();
    return Optional.of(new Characters(span.character(), count.end(span.character(), tokens, span.start(), last)));
  }
}
