package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Tests of verbs that have a small dataset and a model for all, and a folder for each. */
abstract class SmallDatasetVerbs {
  @TempDir
  static Path shared;
  static Path data;
  static Path model;

  @TempDir
  Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    data = SmallDataset.prepare(shared);
    model = SmallDataset.model(shared, data);
  }

  Path yaml(String text) throws IOException {
    return Files.writeString(folder.resolve("settings.yaml"), text);
  }

  Ended pretrain(Path dataset, String... settings) {
    return SmallDataset.pretrain(dataset, folder.resolve("run"), settings);
  }

  void assertNoRun() {
    assertThat(folder.resolve("run")).doesNotExist();
  }
}
