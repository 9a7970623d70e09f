package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class PipelineTest {
  @TempDir
  Path folder;

  @BeforeEach
  void corpus() throws IOException {
    SmallDataset.corpus(folder);
  }

  private Path file(String... stages) throws IOException {
    String text = "state: " + folder.resolve("state") + "\nstages:\n" + String.join("\n", stages) + "\n";
    return Files.writeString(folder.resolve("books.yaml"), text.replace("@", folder.toString() + "/"));
  }

  private Ended pipeline(String... more) {
    String[] words = new String[more.length + 2];
    words[0] = "pipeline";
    words[1] = folder.resolve("books.yaml").toString();
    System.arraycopy(more, 0, words, 2, more.length);
    return Ended.of(words);
  }

  private void books(int steps) throws IOException {
    file("  - name: gguf", "    run: export gguf --model @run --out @model.gguf --type F32",       // its place is found
        "  - name: data",
        "    run: prep --in @corpus.jsonl --out @data --set vocabularySize=280 --set sequenceLength=16",
        "  - name: model", "    run: pretrain @pretrain.yaml --data @data --out @run", "  - name: score",
        "    run: evaluate --model @run --data @data --threads 1", "    after: [gguf]");
    Files.writeString(folder.resolve("pretrain.yaml"), "model: { layers: 1, heads: 2, width: 16 }\ntrain: { steps: "
        + steps + ", precision: float32 }\nschedule: { shape: constant }\ncluster: { kernels: plain }\n");
  }

  @Test
  void stagesRunInTheirOrderOnceAndAgainWhereTheirInputsHaveChanged() throws IOException {
    books(2);
    Ended plan = pipeline("--dry-run");
    assertThat(plan.out().lines().skip(1).map(line -> line.strip().split(" ")[0])).containsExactly("data", "model",
        "gguf", "score");
    assertThat(plan.out()).contains("to run  prep", "[after data]", "it has not ended yet");
    assertThat(folder.resolve("state")).doesNotExist();

    Ended first = pipeline();
    assertThat(first.code()).as(first.err() + first.out()).isZero();
    assertThat(first.out()).contains("[1/4] data: prep", "[4/4] score: evaluate", "perplexity on");
    assertThat(folder.resolve("model.gguf")).isNotEmptyFile();
    assertThat(Files.readString(folder.resolve("state/stages/score.json"))).contains("perplexity on", "\"exit\" : 0");

    Ended second = pipeline();
    assertThat(second.code()).isZero();
    assertThat(second.out().lines()).containsExactly("[1/4] data: done before", "[2/4] model: done before",
        "[3/4] gguf: done before", "[4/4] score: done before");
    assertThat(pipeline("--dry-run").out()).contains("nothing is to be done");

    Files.delete(folder.resolve("model.gguf"));
    Ended third = pipeline();
    assertThat(third.out()).contains("[2/4] model: done before", "model.gguf is not there any more",
        "[4/4] score: done before");

    books(4);                                    // more steps: the run goes on, and what comes after it is new
    Ended fourth = pipeline();
    assertThat(fourth.code()).as(fourth.err()).isZero();
    assertThat(fourth.out()).contains("[1/4] data: done before", "its command, settings or inputs have changed",
        "resumed: goes on with step 3", "[4/4] score: evaluate");
  }

  @Test
  void theExitCodeOfAStageIsThePipelinesAndTheNextTimeGoesOnThere() throws IOException {
    file("  - name: look", "    run: inspect @corpus.jsonl", "  - name: next", "    run: inspect @",
        "    after: [look]");
    Ended ended = pipeline();
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("stage look of pipeline books ended with exit code 2; run the pipeline again")
        .containsOnlyOnce("corpus.jsonl ");
    assertThat(ended.out()).doesNotContain("next");
    assertThat(pipeline("--dry-run").out()).contains("it ended with exit code 2");
  }

  @Test
  void aPipelineThatAnotherRunsIsLeftAloneWithExitCode4() throws IOException {
    books(2);
    Path lock = Files.createDirectories(folder.resolve("state/lock")).resolve("00000001");
    Files.writeString(lock, "{\"owner\":\"cron on north, process 7\",\"since\":\"noon\"}");
    Ended held = pipeline();
    assertThat(held.code()).isEqualTo(4);
    assertThat(held.err()).contains("is being run by cron on north, process 7 since noon");
    Files.setLastModifiedTime(lock, FileTime.fromMillis(System.currentTimeMillis() - 61_000));
    file("  - name: version", "    run: verify --help");
    assertThat(pipeline().code()).isZero();
    assertThat(lock).doesNotExist();
  }

  @Test
  void wordsThatOnlyLookLikeASettingsFileAreNone() throws IOException {
    Path docs = Files.writeString(folder.resolve("docs.yml"), "this is: [no settings");
    file("  - name: data", "    run: prep --in " + docs + " --out @data --set name=foo.yaml");
    Ended plan = pipeline("--dry-run");
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("to run  prep");
    file("  - name: data", "    run: prep @settings.yaml --out @data");
    assertThat(pipeline("--dry-run").err()).contains("stage data: ").contains("settings.yaml does not exist");
  }

  @Test
  void mistakesAreToldBeforeAnythingRuns() throws IOException {
    file("  - name: data", "    run: prepp --in @corpus.jsonl --out @data");
    assertThat(pipeline().err()).contains(
        "books.yaml:4: stages[0].run: stage data runs prepp, which is not a verb; did you mean prep?");
    file("  - name: a", "    run: inspect @", "    after: [b]", "  - name: b", "    run: inspect @", "    after: [a]");
    assertThat(pipeline().err()).contains("books.yaml:2: stages wait for one another: a after b after a");
    file("  - name: a", "    run: inspect @", "    after: [dat]", "  - name: data", "    run: inspect @");
    assertThat(pipeline().err()).contains(
        "books.yaml:5: stages[0].after: stage a comes after dat, which is no stage; did you mean data?");
    file("  - name: data", "    run: prep --in @nothing.jsonl --out @data");
    assertThat(pipeline().err()).contains("stage data reads").contains("nothing.jsonl, which is not there");
    file("  - name: data", "    run: prep --inn @corpus.jsonl --out @data");
    assertThat(pipeline().err()).contains("books.yaml:4: stages[0].run: stage data: prep --inn")
        .contains("Unknown option: '--inn'; did you mean --in");
    file("  - name: score", "    run: evaluate --modle @run --data @data");
    assertThat(pipeline().err()).contains("books.yaml:4: stages[0].run: stage score: evaluate --modle")
        .contains("Unknown option: '--modle'; did you mean --model?").doesNotContain("Missing");
    file("  - name: score", "    run: evaluate --model @run --data @data --threads two");
    assertThat(pipeline().err()).contains("books.yaml:4: stages[0].run: stage score: ")
        .contains("--threads is two; it must be a whole number");
    file("  - name: data", "    run: prep 'a b");
    assertThat(pipeline().err()).contains("books.yaml:4: stages[0].run: stage data: a quotation mark is not closed");
    Files.writeString(folder.resolve("prep.yaml"), "input: [x\noutput: y\n");
    file("  - name: data", "    run: prep @prep.yaml");
    assertThat(pipeline().err())
        .contains("books.yaml:4: stages[0].run: stage data: " + folder + "/prep.yaml:2: not valid YAML")
        .doesNotContain("Source");
    Files.delete(folder.resolve("prep.yaml"));
    file("  - name: data", "    runs: prep");
    assertThat(pipeline().err()).contains("books.yaml:4: stages").contains("runs is not a setting");
    assertThat(List.of(folder.toFile().list())).containsExactlyInAnyOrder("books.yaml", "corpus.jsonl");
  }
}
