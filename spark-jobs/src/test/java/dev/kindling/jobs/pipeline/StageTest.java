package dev.kindling.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
  void aQuotationMarkThatIsNotClosedIsAMistake() {
    Configuration conf = new Configuration();
    assertThat(stage(conf, "generate --prompt 'Once upon' --model=\"runs/my books\"").words())
        .containsExactly("generate", "--prompt", "Once upon", "--model=runs/my books");
    assertThatThrownBy(() -> stage(conf, "generate --prompt 'Once upon --model runs/books"))
        .isInstanceOf(UserError.class).hasMessageContaining("stage model: a quotation mark is not closed");
  }
}
