package dev.kindling.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageTest {
  @TempDir
  Path folder;

  private static Stage stage(Configuration conf, String run) {
    return Stage.of(new PipelineSettings.StageSettings("model", run, Optional.empty(), Optional.empty(),
        Optional.empty()), conf, words -> words.stream().filter(word -> word.endsWith("pretrain.yaml")).findFirst());
  }

  @Test
  void aLocalSettingsFileIsFoundAlsoWhereNamesAreAnotherFileSystems() throws IOException {
    Path file = Files.writeString(folder.resolve("pretrain.yaml"), "dataset: data/books\nrun: runs/books\n");
    Configuration elsewhere = new Configuration();
    elsewhere.set("fs.defaultFS", "nowhere://north:8020");
    Stage stage = stage(elsewhere, "pretrain " + file);
    assertThat(stage.reads()).containsExactly("data/books");
    assertThat(stage.writes()).containsExactly("runs/books");
  }

  @Test
  void whatTheCommandLineSetsIsReadAndWrittenInsteadOfWhatTheFileNames() throws IOException {
    Path file = Files.writeString(folder.resolve("pretrain.yaml"), "dataset: data/old\nrun: runs/old\n");
    Stage options = stage(new Configuration(),
        "pretrain " + file + " --set dataset=data/other --data data/new --out=runs/new");
    assertThat(options.reads()).containsExactly("data/new");
    assertThat(options.writes()).containsExactly("runs/new");
    Stage overrides = stage(new Configuration(), "pretrain " + file + " --set dataset=data/new");
    assertThat(overrides.reads()).containsExactly("data/new");
    assertThat(overrides.writes()).containsExactly("runs/old");
  }

  @Test
  void datasetsThatAreMixedAreReadToo() throws IOException {
    Path file = Files.writeString(folder.resolve("pretrain.yaml"),
        "dataset: data/books\nrun: runs/mixed\ndata:\n  others:\n    - { dataset: data/web, weight: 1 }\n    - data/wiki\n"
            + "  weight: 3\n");
    Stage mixed = stage(new Configuration(), "pretrain " + file);
    assertThat(mixed.reads()).containsExactlyInAnyOrder("data/books", "data/web", "data/wiki");
    Stage web = stage(new Configuration(), "prep --in web.jsonl --out data/web");
    assertThat(mixed.readsFrom(web)).isTrue();
    Stage overrides = stage(new Configuration(),
        "pretrain " + file + " --set 'data.others=[{ dataset: data/news, weight: 2 }, data/talk]'");
    assertThat(overrides.reads()).containsExactlyInAnyOrder("data/books", "data/news", "data/talk");
    assertThat(overrides.readsFrom(web)).isFalse();
    assertThat(stage(new Configuration(), "pretrain --data data/books --set data.others=data/web").reads())
        .containsExactlyInAnyOrder("data/books", "data/web");
  }

  @Test
  void aFileThatOnlyTheVerbReadsIsToldWithTheReason() {
    assertThat(Stage.problem(new org.apache.hadoop.fs.Path("prep.yaml"), "input: a.jsonl\n",
        new JsonParseException(null, "found unknown alias\n in 'reader'", new JsonLocation(null, 0, 3, 8))))
        .isEqualTo("prep.yaml is not valid YAML: found unknown alias (line 3)");
    assertThat(Stage.problem(new org.apache.hadoop.fs.Path("prep.yaml"), "input: [a\n", new IOException("unseen")))
        .contains("prep.yaml:").doesNotContain("unseen");
  }

  @Test
  void aQuotationMarkThatIsNotClosedIsAMistake() {
    Configuration conf = new Configuration();
    assertThat(stage(conf, "generate --prompt 'Once upon' --model=\"runs/my books\"").words())
        .containsExactly("generate", "--prompt", "Once upon", "--model=runs/my books");
    assertThatThrownBy(() -> stage(conf, "generate --prompt 'Once upon --model runs/books"))
        .isInstanceOf(UserError.class).hasMessageContaining("stage model: a quotation mark is not closed");
  }
}
