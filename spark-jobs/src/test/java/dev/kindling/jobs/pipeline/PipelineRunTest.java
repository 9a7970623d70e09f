package dev.kindling.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines whose verbs are the test's own. */
@Timeout(60)
class PipelineRunTest {
  @TempDir
  Path folder;
  private final List<String> lines = new ArrayList<>();

  @BeforeEach
  void corpus() throws IOException {
    Files.writeString(folder.resolve("corpus.jsonl"), "{}");
  }

  /** One stage that makes data of the corpus. */
  private PipelineRun pipeline(String vocabulary) {
    PipelineSettings settings = new PipelineSettings(folder.resolve("state").toString(), Optional.of(8),
        List.of(new PipelineSettings.StageSettings("data", "prep --in " + folder.resolve("corpus.jsonl") + " --out "
            + folder.resolve("data") + " --set vocabularySize=" + vocabulary, Optional.empty(), Optional.empty(),
            Optional.empty())));
    lines.clear();
    return PipelineRun.of(new Configuration(), "books", settings, Set.of("prep"), words -> Optional.empty(),
        lines::add);
  }

  private PipelineRun.Verb writing(Runnable then) {
    return (said, words) -> {
      try {
        Files.createDirectories(folder.resolve("data"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      then.run();
      return 0;
    };
  }

  /** As a process that is killed, as far as the records know. */
  private void killedMidway(String vocabulary) {
    PipelineRun run = pipeline(vocabulary);
    assertThatThrownBy(() -> run.run(writing(() -> {
      throw new IllegalStateException("killed");
    }), UnaryOperator.identity())).hasMessage("killed");
  }

  private void runs(String vocabulary, String why) {
    assertThat(pipeline(vocabulary).run(writing(() -> {}), UnaryOperator.identity())).isZero();
    assertThat(lines).singleElement().asString().startsWith("[1/1] data: ").contains(why);
  }

  @Test
  void aStageThatWasKilledWhileItMadeItsOutputAgainIsNotDone() throws IOException {
    runs("280", "it has not ended yet");
    runs("280", "done before");
    Files.delete(folder.resolve("data"));
    killedMidway("280");
    runs("280", "it was interrupted");
    runs("280", "done before");
  }

  @Test
  void aStageWhoseOutputOtherSettingsHaveBegunToReplaceIsNotDone() {
    runs("280", "it has not ended yet");
    killedMidway("300");
    runs("280", "have changed");
    runs("280", "done before");
  }

  @Test
  void aPipelineThatWasTakenOverEndsAlsoWhereItsVerbDoesNotLookAtInterrupts() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    int code = pipeline("280").run(writing(() -> {
      try {
        Files.writeString(folder.resolve("state/lock/00000002"), "{}");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      boolean ended = false;
      while (!ended) {
        try {
          ended = end.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException ignored) {
          // as a verb that computes
        }
      }
    }), UnaryOperator.identity());
    end.countDown();
    assertThat(code).isEqualTo(PipelineRun.HELD);
    assertThat(lines).last().asString().contains("was taken over by another");
    assertThat(Files.readString(folder.resolve("state/stages/data.json"))).contains("\"exit\" : -1");
  }

  private String ended(String... said) {
    return ended(UnaryOperator.identity(), said);
  }

  private String ended(UnaryOperator<String> cause, String... said) {
    int code = pipeline("280").run((told, words) -> {
      List.of(said).forEach(told);
      return 7;
    }, cause);
    assertThat(code).isEqualTo(7);
    return lines.get(lines.size() - 1);
  }

  /** Which is all that the one who submitted it to YARN learns. */
  @Test
  void theLastLineOfAPipelineThatEndsTellsTheErrorOfItsStage() {
    String end = "; run the pipeline again to go on from there";
    String begin = "kindling: stage data of pipeline books ended with exit code 7";
    assertThat(ended("step 1", "kindling: corpus.jsonl:3: is no JSON", "bye"))
        .isEqualTo(begin + " (corpus.jsonl:3: is no JSON)" + end);
    assertThat(ended("java.lang.IllegalStateException: a bug", "\tat dev.kindling.Here(Here.java:1)",
        "java.io.IOException: after", "kindling: the log is /tmp/log"))
        .isEqualTo(begin + " (java.lang.IllegalStateException: a bug)" + end);
    assertThat(ended("step 1")).isEqualTo(begin + end);
    assertThat(ended(error -> "", "kindling: corpus.jsonl:3: is no JSON")).isEqualTo(begin + end);
  }
}
