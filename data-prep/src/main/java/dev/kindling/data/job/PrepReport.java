package dev.kindling.data.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetLabels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code prep-report.json} says; all characters are UTF-16 code units.
 *
 * @param files and {@code bytes} that were read; {@code emptyFiles} names those without a byte
 * @param tables and queries that were read, of {@code rows}
 * @param records that were found in them
 * @param stages in their order, and in each its steps in theirs
 * @param sources what is in the dataset by name of its source
 * @param lengths how many documents have {@code from} to {@code to} tokens
 * @param languages that the documents are in; null where rows are examples, and in datasets from before this was looked at
 * @param duplicates what each step for duplicates found; null in older datasets
 * @param packing how the tokens fill the rows
 * @param labels how many documents have which label; null where they have none
 * @param seconds by what was done
 */
public record PrepReport(long files, long bytes, long tables, long rows, List<String> emptyFiles, long records,
    List<Stage> stages,
    Map<String, Source> sources, List<Length> lengths, Languages languages, List<Duplicates> duplicates,
    Packing packing, DatasetLabels labels, Map<String, Double> seconds) {
  public static final String FILE = "prep-report.json";
  /** The same for people; what runs the job writes it. */
  public static final String PAGE = "prep-report.html";

  /** What came out of a stage, and what its steps took. */
  public record Stage(String name, long documents, long characters, List<Step> dropped) {}

  /** Documents that a step dropped, with examples. */
  public record Step(String name, long documents, long characters, List<Example> examples) {}

  /** A dropped document. */
  public record Example(String id, String reason, String excerpt) {}

  /**
   * @param tokensPerWord fertility of the tokenizer over what was not cut, 0 where all was; words stand between white space
   * @param bytesPerToken likewise
   */
  public record Source(long documents, long tokens, long characters, double tokensPerWord, double bytesPerToken) {}

  /** @param documents that were looked at; @param sampled whether there are more; @param languages the commonest first */
  public record Languages(long documents, boolean sampled, List<Language> languages) {}

  /** @param code of ISO 639-1, or {@code unknown}; @param percent of the documents that were looked at */
  public record Language(String code, long documents, double percent) {}

  /**
   * @param step that found them; @param clusters how many, and {@code documents} in them, those that stay among them
   * @param sizes how many clusters have {@code from} to {@code to} documents; @param largest of them
   */
  public record Duplicates(String step, long clusters, long documents, List<Length> sizes, List<Cluster> largest) {}

  /**
   * @param survivor id of the first document, and {@code excerpt} of it
   * @param droppedBy the later step that dropped that one too; null where it stays
   * @param gone some that went for it
   */
  public record Cluster(String survivor, long documents, String excerpt, String droppedBy, List<Example> gone) {}

  /** A bar of a histogram; of clusters {@code documents} says how many. */
  public record Length(long from, long to, long documents) {}

  /**
   * How the tokens fill the rows.
   *
   * @param wastePercent of the rows' targets that hold no token
   * @param kind as settings have it; null in reports from before there was a choice
   * @param cutDocuments of which the tokens are in more than one row
   */
  public record Packing(long rows, int sequenceLength, long targets, double wastePercent, String kind,
      long cutDocuments) {}

  static PrepReport of(Documents documents, List<CorpusFlow.Outcome> outcomes, TokenCounts tokens, DatasetInfo info,
      Languages languages, List<Duplicates> duplicates, Map<String, Double> seconds) {
    Map<String, Source> sources = new LinkedHashMap<>();
    tokens.sources().forEach((name, counts) -> sources.put(name, source(counts)));
    if (sources.size() > 1) sources.put("all", source(tokens.all()));
    long rows = info.training().rows() + info.heldOut().rows();
    long targets = info.training().targets() + info.heldOut().targets();
    Packing packing = new Packing(rows, info.sequenceLength(), targets,
        info.packing().wastePercent(), info.packing().kind(), info.packing().cutDocuments());
    return new PrepReport(documents.files(), documents.bytes(), documents.tables(), documents.rows(),
        documents.emptyFiles(),
        outcomes.get(0).counts().records(), stages(outcomes), sources, lengths(tokens.lengths()), languages,
        duplicates, packing, info.labels(), seconds);
  }

  private static Source source(TokenCounts.Source counts) {
    return new Source(counts.documents(), counts.tokens(), counts.characters(), counts.whole().tokensPerWord(),
        counts.whole().bytesPerToken());
  }

  /** Frames keep what earlier stages dropped; each stage is told what is new. */
  private static List<Stage> stages(List<CorpusFlow.Outcome> outcomes) {
    List<Stage> stages = new ArrayList<>();
    StageCounts before = new StageCounts();
    for (CorpusFlow.Outcome outcome : outcomes) {
      StageCounts counts = outcome.counts();
      List<Step> steps = new ArrayList<>();
      for (String step : StepOrder.of(List.of(outcome.stage())).sorted(counts.dropped().keySet())) {
        StageCounts.Dropped dropped = counts.dropped().get(step);
        if (before.droppedBy(step) == dropped.documents()) continue;
        List<Example> examples = dropped.examples().stream()
            .map(example -> new Example(example.id(), example.reason(), example.excerpt())).toList();
        steps.add(new Step(step, dropped.documents(), dropped.characters(), examples));
      }
      stages.add(new Stage(outcome.stage().name(), counts.documents(), counts.characters(), steps));
      before = counts;
    }
    return stages;
  }

  private static List<Length> lengths(long[] byPowers) {
    List<Length> lengths = new ArrayList<>();
    for (int k = 0; k < byPowers.length; k++) {
      if (byPowers[k] == 0 && lengths.isEmpty()) continue;
      lengths.add(new Length(k == 0 ? 0 : 1L << k - 1, k == 0 ? 0 : (1L << k) - 1, byPowers[k]));
    }
    while (!lengths.isEmpty() && lengths.get(lengths.size() - 1).documents() == 0) lengths.remove(lengths.size() - 1);
    return lengths;
  }

  public static PrepReport parse(String json) throws JsonProcessingException {
    return new ObjectMapper().readValue(json, PrepReport.class);
  }

  String toJson() {
    try {
      return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("records of text and numbers", e);
    }
  }
}
