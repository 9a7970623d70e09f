package dev.kindling.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Storage;
import java.io.IOException;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagesTest {
  record Counted(int times) {}

  @TempDir
  java.nio.file.Path folder;
  private java.nio.file.Path output;
  private Stages stages;
  private int runs;

  @BeforeEach
  void open() {
    Path path = new Path(folder.resolve("stages").toString());
    stages = new Stages(Storage.of(new Configuration(), path), path);
    output = folder.resolve("output");
  }

  private Stages.Done<Counted> run(String fingerprint) throws IOException {
    return stages.run("count", fingerprint, new Path(output.toString()), Counted.class, () -> {
      Files.writeString(Files.createDirectories(output.resolve("part")).resolve("one"), "");
      Files.writeString(output.resolve("two"), "");
      return new Counted(++runs);
    });
  }

  @Test
  void whatIsDoneIsNotDoneAgain() throws IOException {
    assertThat(run("a").fresh()).isTrue();
    Stages.Done<Counted> again = run("a");
    assertThat(again.fresh()).isFalse();
    assertThat(again.result()).isEqualTo(new Counted(1));
    assertThat(run("b").result()).isEqualTo(new Counted(2));
    assertThat(run("a").result()).isEqualTo(new Counted(3));
  }

  @Test
  void anInterruptedStageGoesOnFromWhatItLeft() throws IOException {
    assertThatThrownBy(() -> stages.run("count", "a", new Path(output.toString()), Counted.class, () -> {
      Files.writeString(Files.createDirectories(output).resolve("half"), "");
      throw new IOException("killed");
    })).hasMessage("killed");
    assertThat(run("a").fresh()).isTrue();
    assertThat(output.resolve("half")).exists();
    assertThat(run("other settings").fresh()).isTrue();
    assertThat(output.resolve("half")).doesNotExist();
  }

  @Test
  void whatIsDoneIsDoneAgainWhenItsOutputIsGone() throws IOException {
    run("a");
    Files.delete(output.resolve("two"));
    Files.writeString(output.resolve("rest"), "");
    assertThat(run("a").result()).isEqualTo(new Counted(2));
    assertThat(output.resolve("two")).exists();
    assertThat(output.resolve("rest")).doesNotExist();
    Files.delete(output.resolve("part/one"));
    assertThat(run("a").result()).isEqualTo(new Counted(3));
    Files.delete(output.resolve("two"));
    Files.delete(output.resolve("part/one"));
    Files.delete(output.resolve("part"));
    Files.delete(output);
    assertThat(run("a").result()).isEqualTo(new Counted(4));
    assertThat(run("a").fresh()).isFalse();
  }

  @Test
  void aStageWithoutFilesIsDoneOnceToo() throws IOException {
    assertThat(stages.run("figures", "a", null, Counted.class, () -> new Counted(1)).fresh()).isTrue();
    assertThat(stages.run("figures", "a", null, Counted.class, () -> new Counted(2)).result())
        .isEqualTo(new Counted(1));
  }

  @Test
  void aDamagedRecordIsDoneAgain() throws IOException {
    run("a");
    Files.writeString(folder.resolve("stages/count.json"), "{\"fingerprint\": \"a\", \"resu");
    assertThat(run("a").result()).isEqualTo(new Counted(2));
  }

  @Test
  void partsOfAFingerprintDoNotRunTogether() {
    assertThat(Stages.fingerprint("ab", "c")).isNotEqualTo(Stages.fingerprint("a", "bc"))
        .isEqualTo(Stages.fingerprint("ab", "c")).hasSize(64);
  }
}
