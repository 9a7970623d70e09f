package dev.kindling.jobs.command;

import static dev.kindling.jobs.command.Ended.assertOneLine;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Words of the command line and settings that are wrong: told in one line with exit code 2, and nothing half written stays. */
class BadSettingsTest extends SmallDatasetVerbs {
  @Test
  void anAddressThatNothingReads() {
    Path corpus = shared.resolve("corpus.jsonl");
    assertOneLine(Ended.of("prep", "--in", "nfs3://lake/in", "--out", folder.resolve("out").toString()),
        "nfs3://lake/in: nothing here reads addresses of this kind", "--packages");
    assertOneLine(Ended.of("prep", "--in", corpus.toString(), "--out", "nfs3://lake/out"), "nfs3://lake/out: ");
    assertOneLine(Ended.of("evaluate", "--model", "nfs3://lake/model", "--data", data.toString()),
        "nfs3://lake/model: ");
  }

  @Test
  void aMissingInputOrOutputIsToldWithItsOption() throws IOException {
    assertOneLine(Ended.of("prep"),
        "input is missing; it must be a list; give it with --in, or as input in a file of settings");
    assertOneLine(Ended.of("prep", "--in", "x.jsonl"),
        "output is missing; give it with --out, or as output");
    Path settings = yaml("input: x.jsonl\n");
    assertOneLine(Ended.of("prep", settings.toString()), settings + ": output is missing", "--out");
    assertOneLine(Ended.of("tokenizer", "train", "--in", "x.jsonl"), "output is missing", "--out");
  }

  @Test
  void aQuestionOfLineageThatIsNotAsked() {
    assertOneLine(Ended.of("lineage", "--run", "runs/books"),
        "lineage needs one of --step S, --document ID, --forget FILE|ID, --tables; see kindling lineage --help");
  }

  @Test
  void anUnknownSettingIsToldWithItsLineAndTheNearestName() throws IOException {
    Path settings = yaml("input: x.jsonl\noutput: y\nsequenceLenght: 12\n");
    assertOneLine(Ended.of("prep", settings.toString()),
        settings + ":3: sequenceLenght is not a setting; did you mean sequenceLength?");
  }

  @Test
  void aSettingOfTheWrongTypeIsToldWithItsLine() throws IOException {
    Path settings = yaml("input: x.jsonl\noutput: y\n\nsequenceLength: long\n");
    assertOneLine(Ended.of("prep", settings.toString()),
        settings + ":4: sequenceLength is \"long\"; it must be a whole number");
  }

  @Test
  void aValueThatIsNotAllowedIsToldWithItsLine() throws IOException {
    Path settings = yaml("input: x.jsonl\noutput: y\nheldOutPercent: 100\n");
    assertOneLine(Ended.of("prep", settings.toString()),
        settings + ":3: heldOutPercent is 100.0; it must be at least 0 and below 100");
  }

  @Test
  void lossesOfDocumentsWhereAModelSaysNoNextTokens() {
    assertOneLine(pretrain(data, "--set", "model.family=bert", "--set", "tracking.documentLoss=0.5"),
        "tracking.documentLoss is 0.5; it must be 0 where a model does not say next tokens");
    assertOneLine(pretrain(data, "--set", "tracking.documentLoss=2"),
        "tracking.documentLoss is 2.0; it must be a share of the steps, 0 (none) to 1 (all)");
    assertNoRun();
  }

  @Test
  void aDatasetWithLongerSequencesThanTheModelTakes() throws IOException {
    Ended ended = pretrain(data, "--set", "model.contextLength=8");
    assertOneLine(ended, "--set model.contextLength is 8",
        "sequence length, " + SmallDataset.SEQUENCE);
    assertNoRun();
  }

  @Test
  void aMistakeIsToldBeforeSparkIsStarted() throws IOException {
    String master = System.setProperty("spark.master", "nowhere://else");
    try {
      assertOneLine(pretrain(data, "--set", "model.contextLength=8"), "model.contextLength is 8");
    } finally {
      if (master == null) System.clearProperty("spark.master");
      else System.setProperty("spark.master", master);
    }
  }

  @Test
  void aRunIsNotGoneOnWithByAModelOfAnotherWidthAndAFinishedOneIsComplete() {
    assertThat(pretrain(data).code()).isZero();
    assertOneLine(pretrain(data, "--set", "model.width=32"), "model.width is 32",
        "was started with 16 and goes on with that only", "another folder");
    assertThat(pretrain(data).out()).contains("already complete").doesNotContain("tokens/s");
    Ended inspected = Ended.of("inspect", folder.resolve("run").toString());
    assertThat(inspected.out().lines().toList()).containsSubsequence("checkpoints", "bytesByType");
    Ended one = Ended.of("inspect", folder.resolve("run/step-00000002").toString());
    assertThat(one.out().lines()).contains("  configuration", "    model:", "      width: 16");
    assertThat(one.out()).doesNotContain("Settings[", "Config[");
  }

  @Test
  void moreRanksThanExecutors() throws IOException {
    assertOneLine(pretrain(data, "--ranks", "3"), "cluster.ranks", "3", "--master");
    assertNoRun();
  }

  @Test
  void stepsOfMoreSequencesThanCanBeCounted() throws IOException {
    assertOneLine(pretrain(data, "--set", "train.microBatch=65536", "--set", "train.accumulate=65536"),
        "train.accumulate is 65536", "at most 32767 with train.microBatch 65536");
    assertNoRun();
  }

  @Test
  void aModelThatDoesNotFitIntoMemory() throws IOException {
    Ended ended = pretrain(data, "--set", "model.width=65536", "--set", "model.layers=100");
    assertOneLine(ended, "memory");
    assertNoRun();
  }

  @Test
  void aPromptThatIsLongerThanTheContext() {
    assertOneLine(Ended.of("generate", "--model", model.toString(), "--prompt", "zq ".repeat(40)), "context takes 16");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1"})
  void threadsToMeasureWithAreOneOrMore(String threads) {
    assertOneLine(Ended.of("evaluate", "--model", model.toString(), "--data", data.toString(), "--threads", threads),
        "--threads is " + threads, "1 or more");
  }

  @Test
  void wordsThatAreNoNumbersOrTooMany() {
    assertOneLine(Ended.of("evaluate", "--model", "x", "--data", "y", "--threads", "two"),
        "kindling: --threads is two; it must be a whole number", "see kindling evaluate --help");
    assertOneLine(Ended.of("lineage", "--run", "x", "--step", "1.5"), "--step is 1.5; it must be a whole number");
    assertOneLine(Ended.of("evaluate", "--model", "x", "--data", "y", "--model", "z"), "--model is given twice");
    assertOneLine(Ended.of("evaluate", "--model", "x", "--data", "y", "z"), "z is not expected");
    for (String special : List.of("<s>", "<s>=x"))
      assertOneLine(Ended.of("tokenizer", "import", "x", "--pattern", "gpt2", "--out", "y", "--special", special),
          "--special is ", "it must be TOKEN=ID, with a whole number");
  }

  @Test
  void threadsToWriteWithAreNotFewerThanNone() {
    assertOneLine(Ended.of("generate", "--model", model.toString(), "--set", "threads=-1"), "threads is -1",
        "0 for one a core");
  }

  @Test
  void anOptionOrAVerbThatDoesNotExist() {
    assertOneLine(Ended.of("generate", "--modle", "x"), "'--modle'", "did you mean --model?",
        "kindling generate --help");
    assertOneLine(Ended.of("exprot"), "exprot is not a verb; did you mean export?", "(verbs: demo, ");
    assertOneLine(Ended.of("xyzzy", "--data", "x"), "xyzzy is not a verb (verbs: ");
    assertOneLine(Ended.of("evaluate", "--modle", "x", "--data", "y"),
        "Unknown option: '--modle'; did you mean --model?");
    assertOneLine(Ended.of("export", "onnx", "--model", "x"), "onnx is not a verb of export (verbs: gguf, hf)");
    assertOneLine(Ended.of("export", "--model", "x"), "--model is not a verb of export (verbs: gguf, hf)");
    assertOneLine(Ended.of("lineage", "--run", "x", "--step", "1", "--tables"),
        "kindling: --step=S, --tables are mutually exclusive");
    assertOneLine(Ended.of("export", "gguf", "--model", model.toString(), "--out", "x", "--type", "Q9"), "Q9",
        "F32, F16 or Q8_0");
  }

  @Test
  void aPathThatIsEmptyOrHoldsAColon() {
    assertOneLine(Ended.of("evaluate", "--model", "", "--data", data.toString()), "--model is empty");
    assertOneLine(Ended.of("inspect", " "), "PATH is empty");
    assertOneLine(Ended.of("pretrain", ""), "CONFIG.yaml is empty");
    assertOneLine(Ended.of("evaluate", "--model", "a:b", "--data", data.toString()), "the path a:b cannot be used",
        "before a colon");
    String run = folder.resolve("run").toString();
    assertOneLine(Ended.of("pretrain", "--set", "dataset=a:b", "--out", run), "the path a:b cannot be used");
  }
}
