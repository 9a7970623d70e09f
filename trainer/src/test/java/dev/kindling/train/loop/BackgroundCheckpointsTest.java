package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class BackgroundCheckpointsTest {
  private static final Configuration CONF = BalkyFileSystem.configuration();
  @TempDir
  private Path folder;

  @AfterEach
  void mend() {
    BalkyFileSystem.full = null;
    BalkyFileSystem.gate = new CountDownLatch(0);
  }

  private static RunOptions options() {
    return RunOptions.of(30, TinyRun.MUON).virtualRanks(4).checkpointEvery(4).evaluateEvery(4).build();
  }

  private org.apache.hadoop.fs.Path run() {
    return new org.apache.hadoop.fs.Path(BalkyFileSystem.SCHEME + "://" + folder);
  }

  private CheckpointStore store() {
    return new CheckpointStore(CONF, run());
  }

  /** Trains with a run's checkpoints written in the background. */
  private TinyRun.Ended train(int worldSize, Retention keep, TrainingListener listener) {
    return train(worldSize, Precision.FLOAT32, StoredParts.LEAST, keep, listener);
  }

  /** @param leastPart bytes for which a rank writes weights */
  private TinyRun.Ended train(int worldSize, Precision precision, long leastPart, Retention keep,
      TrainingListener listener) {
    long attempt = claim();
    List<BackgroundCheckpoints> open = new ArrayList<>();
    try {
      return TinyRun.train(worldSize, options(), precision, 1, TinyRun.DATA, loop -> {
        BackgroundCheckpoints each = new BackgroundCheckpoints(
            new FolderCheckpoints(CONF, run(), attempt, TinyRun.CONFIG, TokenizerFiles.none(), keep, Json.object(),
                step -> {}, leastPart));
        synchronized (open) {
          open.add(each);
        }
        return loop.saving(each).telling(listener).evaluating((all, watch) -> OptionalDouble.of(1.5));
      });
    } finally {
      open.forEach(BackgroundCheckpoints::close);
    }
  }

  private long claim() {
    try {
      return store().claimEpoch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, FLOAT32, 1, 1", "2, FLOAT32, 1, 2", "3, FLOAT32, 1, 3", "2, BFLOAT16, 1, 2", "3, BFLOAT16, 1, 3",
      "4, BFLOAT16, 12000, 2", "3, BFLOAT16, 100000000, 1"})
  void everyCheckpointHoldsWhatItsStepLeft(int worldSize, Precision precision, long leastPart, int files)
      throws IOException {
    long before = Memory.inUse();
    List<String> told = new ArrayList<>();
    TinyRun.Ended ended = train(worldSize, precision, leastPart, Retention.last(99), new TrainingListener() {
      @Override
      public void checkpointed(long step, String where) {
        told.add(step + " " + where.substring(where.length() - 8));
      }
    });
    assertThat(told).containsExactly("4 00000004", "8 00000008", "12 00000012", "16 00000016", "20 00000020",
        "24 00000024", "28 00000028", "30 00000030");
    List<Checkpoint> all = store().committed();
    assertThat(all).hasSize(8).allSatisfy(Checkpoint::verify);
    for (Checkpoint each : all) {
      assertThat(each.manifest().files()).filteredOn(f -> f.name().matches("model.*\\.safetensors")).hasSize(files);
      RunOptions upTo = RunOptions.of(30, TinyRun.MUON).virtualRanks(4).stopAfter(each.step()).build();
      assertThat(each.manifest().weightsSha256())
          .isEqualTo(TinyRun.train(1, upTo, precision, 1, TinyRun.DATA, l -> l).weightsSha256());
    }
    assertThat(ended.weightsSha256()).isEqualTo(all.get(0).manifest().weightsSha256());
    assertThat(Memory.inUse()).isEqualTo(before);
  }

  @Test
  void aDamagedFileIsFoundByTheRankThatLooksAtItAndAllGoOnFromTheOneBefore() throws IOException {
    String whole = train(3, Precision.FLOAT32, 1, Retention.last(99), new TrainingListener() {}).weightsSha256();
    int files = store().newestWhole().orElseThrow().manifest().files().size();
    for (int i = 0; i < files; i++) {
      Checkpoint newest = store().newestWhole().orElseThrow();
      assertThat(newest.step()).isEqualTo(30);
      damage(newest, newest.manifest().files().get(i).name());
      List<Long> saved = new ArrayList<>();
      TinyRun.Ended again = train(3, Precision.FLOAT32, 1, Retention.last(99), new TrainingListener() {
        @Override
        public void checkpointed(long step, String where) {
          synchronized (saved) {
            saved.add(step);
          }
        }
      });
      assertThat(again.weightsSha256()).isEqualTo(whole);
      assertThat(saved).as("%s was damaged", newest.manifest().files().get(i).name()).isNotEmpty().containsOnly(30L);
    }
  }

  private void damage(Checkpoint checkpoint, String name) throws IOException {
    Path file = folder.resolve(checkpoint.path().getName()).resolve(name);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  @Test
  void stepsGoOnWhileOneIsWritten() {
    BalkyFileSystem.gate = new CountDownLatch(1);
    List<Long> saved = new ArrayList<>();
    train(2, Retention.last(2), new TrainingListener() {
      @Override
      public void evaluated(long step, double meanLoss) {
        if (step < 8) return;
        // two checkpoints are due, the first cannot be written yet, and the run has come to step 8
        BalkyFileSystem.gate.countDown();
      }

      @Override
      public void checkpointed(long step, String where) {
        assertThat(BalkyFileSystem.gate.getCount()).isZero();
        saved.add(step);
      }
    });
    assertThat(saved).startsWith(4L, 8L).endsWith(30L);
  }

  @Test
  void aFullDiskEndsTheRunWithTheCauseAndWhatWasCommittedStaysWhole() throws IOException {
    String whole = TinyRun.train(1, RunOptions.of(30, TinyRun.MUON).virtualRanks(4).build()).weightsSha256();
    BalkyFileSystem.full = "step-00000012/optimizer";
    assertThatThrownBy(() -> train(2, Retention.last(2), new TrainingListener() {}))
        .hasStackTraceContaining("No space left on device");
    assertThat(store().newestWhole()).hasValueSatisfying(c -> assertThat(c.step()).isEqualTo(8));
    assertThat(store().committed()).hasSize(2);
    BalkyFileSystem.full = null;
    assertThat(train(3, Retention.last(2), new TrainingListener() {}).weightsSha256()).isEqualTo(whole);
  }

  @Test
  void aFullDiskAtTheManifestIsNoCheckpoint() throws IOException {
    BalkyFileSystem.full = "step-00000008/.manifest.json";
    assertThatThrownBy(() -> train(2, Retention.last(2), new TrainingListener() {}))
        .hasStackTraceContaining("No space left on device");
    assertThat(store().newestWhole()).hasValueSatisfying(c -> assertThat(c.step()).isEqualTo(4));
  }

  @Test
  void theBestStayToo() throws IOException {
    train(1, new Retention(1, 12, 1), new TrainingListener() {});
    // all have the same held-out loss here: the newest of them is the best
    assertThat(store().committed().stream().map(Checkpoint::step)).containsExactly(30L, 24L, 12L);
  }
}
