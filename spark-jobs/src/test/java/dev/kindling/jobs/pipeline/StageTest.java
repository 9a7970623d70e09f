package dev.kindling.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

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
        Optional.empty()), conf);
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
}
