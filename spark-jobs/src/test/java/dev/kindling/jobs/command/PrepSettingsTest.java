package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.LabelFields;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.job.PrepStage;
import dev.kindling.data.label.LabelKind;
import dev.kindling.jobs.config.Configuration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PrepSettingsTest {
  @Test
  void pathsAloneAreOneInputAndSectionsAreInputsOfTheirOwn() {
    PrepOptions options = options("""
        input:
          - a.jsonl
          - { name: books, path: [x, y], format: text, separator: "\\n%%\\n" }
          - b.jsonl
          - { name: lake, sql: SELECT 1, textField: body }
          - { name: old, table: archive.pages, maxDocumentBytes: 10 }
        sourceField: site
        output: out
        """);
    assertThat(options.inputs()).containsExactly(
        source("corpus", List.of("a.jsonl", "b.jsonl"), CorpusFormat.JSONL, "text", "",
            CorpusSource.MAX_DOCUMENT_BYTES),
        source("books", List.of("x", "y"), CorpusFormat.TEXT, "text", "\n%%\n", CorpusSource.MAX_DOCUMENT_BYTES),
        source("lake", List.of("SELECT 1"), CorpusFormat.SQL, "body", "", CorpusSource.MAX_DOCUMENT_BYTES),
        source("old", List.of("archive.pages"), CorpusFormat.TABLE, "text", "", 10));
    assertThat(options("input: one.jsonl\noutput: out\n").inputs()).containsExactly(CorpusSource.jsonl("one.jsonl"));
  }

  @Test
  void theReadmesLakeIsReadAsItStandsThere() throws IOException {
    Matcher block = Pattern.compile("cat > lake.yaml <<'YAML'\n(.*?)\nYAML\n", Pattern.DOTALL)
        .matcher(Files.readString(Path.of("../README.md")));
    assertThat(block.find()).isTrue();
    String there = block.group(1).replaceAll("(?m)^decontaminate:.*", "");      // those files would be looked for
    PrepOptions options = options(there + "\noutput: data/lake\n");
    assertThat(options.inputs()).extracting(CorpusSource::name).containsExactly("books", "web", "wiki");
    assertThat(options.inputs().get(2).paths())
        .containsExactly("SELECT id, text FROM wiki.articles WHERE lang = 'en'");
  }

  @Test
  void labelsAreInTheFieldsThatAreNamedForAllInputsOrForOne() {
    PrepOptions options = options("""
        input:
          - { name: nli, path: a.jsonl, textField: premise, pairField: hypothesis }
          - { name: other, path: b.parquet, format: parquet, labelField: gold }
        pairField: second
        labelKind: classes
        packing: classification
        tokenizer: models/bert
        output: out
        """);
    assertThat(options.inputs()).extracting(input -> input.fields().labels()).containsExactly(
        new LabelFields("hypothesis", "label", LabelKind.CLASSES),
        new LabelFields("second", "gold", LabelKind.CLASSES));
    assertThatThrownBy(() -> options("input: a\noutput: out\nlabelField: gold\n")).isInstanceOf(UserError.class)
        .hasMessageContaining("prep.yaml:3: labelField is gold; it must be left out unless packing is classification");
  }

  @Test
  void wordsAndTheirLabelsAreInTheFieldsThatAreNamedForAllInputsOrForOne() {
    PrepOptions options = options("""
        input:
          - { name: conll, path: a.jsonl, tagsField: ner_tags }
          - { name: other, path: b.jsonl, wordsField: form }
        tagsField: upos
        packing: token-classification
        tokenizer: models/bert
        output: out
        """);
    assertThat(options.inputs()).extracting(input -> input.fields().ofExample())
        .containsExactly(List.of("tokens", "ner_tags"), List.of("form", "upos"));
    assertThatThrownBy(() -> options("input: a\noutput: out\nwordsField: form\n")).isInstanceOf(UserError.class)
        .hasMessageContaining(
            "prep.yaml:3: wordsField is form; it must be left out unless packing is token-classification");
    assertThatThrownBy(() -> options("input: a\noutput: out\npacking: token-classification\n"))
        .isInstanceOf(UserError.class).hasMessageContaining("prep.yaml:3: packing is token-classification; it must be");
  }

  /** It is in fingerprints, which must stay the same when there are more settings. */
  @Test
  void aStageIsDescribedByWhatIsNotTheDefault() {
    List<PrepStage> stages = options("""
        input: [a.jsonl, { name: books, path: b.jsonl }]
        output: out
        clean: { preset: web, mask: [email], patterns: [{ name: p, pattern: "a, b=c" }] }
        dedup: { exact: true, near: { threshold: 0.7 }, paragraphs: { keepFirst: true } }
        """).stages();
    assertThat(stages).extracting(PrepStage::settings).containsExactly(
        "mask=[\"email\"], patterns=[{\"name\":\"p\",\"pattern\":\"a, b=c\"}], preset=web", "inputs=corpus,books",
        "threshold=0.7, inputs=corpus,books", "inputs=corpus,books");
    assertThat(options("input: a\noutput: out\ndedup: { exact: true }\n").stages()).extracting(PrepStage::settings)
        .containsExactly("on");
  }

  @Test
  void whatIsWrongIsToldWithItsLine() {
    assertThatThrownBy(() -> options("output: out\ninput:\n  - name: a\n    pth: x\n")).isInstanceOf(UserError.class)
        .hasMessageContaining("prep.yaml:4: input[0].pth is not a setting; did you mean path?");
    assertThatThrownBy(() -> options("output: out\ninput:\n  - { name: a }\n")).isInstanceOf(UserError.class)
        .hasMessageContaining("path is missing; it must be files, folders or globs; or name a table");
    assertThatThrownBy(() -> options("output: out\ninput:\n  - { path: a, sql: SELECT 1 }\n"))
        .isInstanceOf(UserError.class).hasMessageContaining("more than one of path, table and sql");
    assertThatThrownBy(() -> options("output: out\ninput: a\nmaxRejectedPercent: 101\n")).isInstanceOf(UserError.class)
        .hasMessageContaining("prep.yaml:3: maxRejectedPercent is 101.0; it must be 0 to 100");
  }

  private static CorpusSource source(String name, List<String> paths, CorpusFormat format, String text,
      String separator,
      int bytes) {
    return new CorpusSource(name, paths, format, new CorpusSource.Fields(text, "id", "site"), separator, bytes);
  }

  private static PrepOptions options(String yaml) {
    Configuration configuration = Configuration.parse("prep.yaml", yaml);
    return configuration.located(() -> configuration.as(PrepSettings.class).options(named -> named));
  }
}
