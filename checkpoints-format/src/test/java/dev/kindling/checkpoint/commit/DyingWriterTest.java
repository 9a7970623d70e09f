package dev.kindling.checkpoint.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The writer dies at every single change it makes to a store, one after the other: nothing committed is ever lost. */
class DyingWriterTest {
  private static final Gpt2Config CONFIG = Gpt2Config.of(300, 3, 4, 1, 2);
  private final Configuration conf = DyingStore.conf();
  @TempDir
  java.nio.file.Path disk;

  private Path path(String name) {
    return new Path("objects://" + disk.resolve(name));
  }

  private static void commit(CheckpointStore store, long step, long epoch) throws IOException {
    CheckpointWriter writer = store.begin(step, epoch);
    writer.model(CONFIG, TinyModel.random(CONFIG, step), TokenizerFiles.of(CONFIG, TinyModel.tokenizerJson()));
    writer.optimizer(0, 1, List.of(new OptimizerRange("exp_avg/w", 0, 2, (at, into, offset, n) -> into[offset] = 1)));
    writer.state(Json.object());
    store.clean(Retention.last(1), writer.commit());
  }

  @Test
  void theNewestWholeCheckpointIsTheOldOneOrTheNewOneWhereverTheWriterDies() throws Exception {
    boolean died = true;
    for (long changes = 0; died; changes++) {
      CheckpointStore store = new CheckpointStore(conf, path("run"));
      DyingStore.dieAfter(Long.MAX_VALUE);
      commit(store, 10, store.claimEpoch());
      DyingStore.dieAfter(changes);
      try {
        commit(store, 20, 1);
        died = false;
        assertThat(changes).isGreaterThan(20);
      } catch (IOException e) {
        assertThat(e).hasMessage("the writer is dead");
      }
      DyingStore.dieAfter(Long.MAX_VALUE);
      Checkpoint newest = store.newestWhole().orElseThrow();
      assertThat(newest.step()).isIn(10L, 20L);
      try (ModelFolder model = newest.model()) {
        assertThat(WeightsHash.sha256(model.weights()))
            .isEqualTo(WeightsHash.sha256(TinyModel.random(CONFIG, newest.step())));
      }
      // The next attempt goes on from there and clears away what the dead one left.
      commit(store, 30, store.claimEpoch());
      assertThat(disk.resolve("run").toFile().list((f, name) -> name.startsWith("step-")))
          .containsExactly("step-00000030.attempt-00002");
      FileUtil.fullyDelete(disk.resolve("run").toFile());
    }
  }

  @Test
  void anExportThatDiedAnywhereCanBeDoneAgain() throws Exception {
    boolean died = true;
    for (long changes = 0; died; changes++) {
      Path folder = path("again-" + changes);
      DyingStore.dieAfter(changes);
      try {
        ModelFolderWriter.export(conf, folder, CONFIG, TinyModel.random(CONFIG, 1), null, ElementType.F32);
        died = false;
      } catch (IOException e) {
        assertThat(e).hasMessage("the writer is dead");
      }
      DyingStore.dieAfter(Long.MAX_VALUE);
      ModelFolderWriter.export(conf, folder, CONFIG, TinyModel.random(CONFIG, 2), null, ElementType.F32);
      try (ModelFolder model = ModelFolder.open(conf, folder)) {
        assertThat(WeightsHash.sha256(model.weights())).isEqualTo(WeightsHash.sha256(TinyModel.random(CONFIG, 2)));
      }
    }
  }

  @Test
  void anExportIsTheNewModelOrDoesNotLoadWhereverTheWriterDies() throws Exception {
    boolean died = true;
    for (long changes = 0; died; changes++) {
      DyingStore.dieAfter(Long.MAX_VALUE);
      ModelFolderWriter.export(conf, path("m"), CONFIG, TinyModel.random(CONFIG, 1), null, ElementType.F32);
      DyingStore.dieAfter(changes);
      try {
        ModelFolderWriter.export(conf, path("m"), CONFIG, TinyModel.random(CONFIG, 2), null, ElementType.F32);
        died = false;
      } catch (IOException e) {
        assertThat(e).hasMessage("the writer is dead");
      }
      DyingStore.dieAfter(Long.MAX_VALUE);
      try (ModelFolder model = ModelFolder.open(conf, path("m"))) {
        assertThat(WeightsHash.sha256(model.weights())).isIn(WeightsHash.sha256(TinyModel.random(CONFIG, 1)),
            WeightsHash.sha256(TinyModel.random(CONFIG, 2)));
      } catch (UserError e) {
        assertThat(died).isTrue();
        assertThat(e).hasMessageContaining("config.json does not exist");
      }
    }
  }
}
