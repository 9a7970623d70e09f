package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user does wrong is told in one line with exit code 2, and nothing half written stays. */
class BadInputTest {
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

  private static void assertOneLine(Ended ended, String... parts) {
    assertThat(ended.err().lines()).as("stderr").singleElement().asString().startsWith("kindling: ").contains(parts);
    assertThat(ended.code()).isEqualTo(2);
  }

  private Path yaml(String text) throws IOException {
    return Files.writeString(folder.resolve("settings.yaml"), text);
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) Files.copy(path, to.resolve(from.relativize(path).toString()));
    }
    return to;
  }

  private static void truncate(Path file) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.setLength(open.length() - 100);
    }
  }

  private static void flipByte(Path file, long at) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.seek(at);
      int old = open.read();
      open.seek(at);
      open.write(old ^ 0xff);
    }
  }

  @Test
  void aMissingCorpus() {
    Path out = folder.resolve("out");
    assertOneLine(Ended.of("prep", "--in", folder.resolve("no.jsonl").toString(), "--out", out.toString()),
        "no.jsonl does not exist");
    assertThat(out).doesNotExist();
  }

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
  void anEmptyCorpus() throws IOException {
    Path empty = Files.createFile(folder.resolve("empty.jsonl"));
    Path blank = Files.writeString(folder.resolve("blank.jsonl"), "{\"text\":\" \"}\n\n");
    Path out = folder.resolve("out");
    for (Path corpus : List.of(empty, blank)) {
      assertOneLine(Ended.of("prep", "--in", corpus.toString(), "--out", out.toString()), "is empty",
          corpus.toString());
      assertThat(out).doesNotExist();
    }
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
  void aDatasetWithoutHeldOutRowsTellsWhatToSet() throws IOException {
    Ended made = Ended.of("prep", "--in", SmallDataset.corpus(folder).toString(), "--out", folder + "/whole", "--set",
        "vocabularySize=270", "--set", "heldOutPercent=0");
    assertThat(made.err()).isEmpty();
    assertOneLine(Ended.of("evaluate", "--model", model.toString(), "--data", folder + "/whole"),
        "whole has no held-out rows", "its heldOutPercent is 0.0; prepare it in a new folder with a larger one");
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
  void aSettingsFileThatIsMissingOrNotYaml() throws IOException {
    assertOneLine(Ended.of("prep", folder.resolve("none.yaml").toString()), "none.yaml does not exist");
    assertOneLine(Ended.of("prep", yaml("input: [x\noutput: y\n").toString()),
        "settings.yaml:2: not valid YAML: at column ",
        "the list in [ ] that begins in line 1 is not closed, or lacks a comma");
  }

  @Test
  void anOutputFolderThatHoldsSomethingElse() throws IOException {
    Path precious = Files.writeString(folder.resolve("thesis.txt"), "all of it");
    Path corpus = shared.resolve("corpus.jsonl");
    assertOneLine(Ended.of("prep", "--in", corpus.toString(), "--out", folder.toString()), "holds something else",
        "thesis.txt");
    assertOneLine(Ended.of("export", "hf", "--model", model.toString(), "--out", folder.toString()),
        "holds something else",
        "thesis.txt");
    assertThat(folder.toFile().list()).containsExactly("thesis.txt");
    assertThat(precious).hasContent("all of it");
  }

  @Test
  void aTruncatedShard() throws IOException {
    Path damaged = copy(data, folder.resolve("data"));
    Path shard;
    try (Stream<Path> files = Files.walk(damaged)) {
      shard = files.filter(file -> file.toString().contains("held") && file.toString().endsWith(".parquet")).findFirst()
          .orElseThrow();
    }
    truncate(shard);
    assertOneLine(Ended.of("evaluate", "--model", model.toString(), "--data", damaged.toString()), "is damaged",
        shard.getFileName().toString());
  }

  @Test
  void aDatasetIsVerifiedAndWhatIsDamagedIsNamed() throws IOException {
    assertThat(Ended.well("verify", data.toString())).contains("data: version 1 is whole: 2 shards, ");
    assertThat(Ended.well("inspect", data.toString())).contains("files          2 shards, ", "with the right sizes");
    Path damaged = copy(data, folder.resolve("data"));
    Path shard = damaged.resolve("training/part-00000.parquet");
    flipByte(shard, Files.size(shard) / 2);
    assertOneLine(Ended.of("verify", damaged.toString()), "training/part-00000.parquet is damaged: Checksum error");
    Files.delete(damaged.resolve("training/.part-00000.parquet.crc"));
    assertOneLine(Ended.of("verify", damaged.toString()),
        "data/training/part-00000.parquet is damaged: its SHA-256 is ",
        "dataset.json says ");
    assertThat(Ended.of("inspect", damaged.toString()).code()).as("its size is right").isZero();
    truncate(shard);
    assertOneLine(Ended.of("verify", damaged.toString()), "part-00000.parquet is damaged: it has ");
    assertOneLine(Ended.of("inspect", damaged.toString()), "part-00000.parquet is damaged: it has ");
    assertOneLine(Ended.of("inspect", damaged.toString(), "--json"), "part-00000.parquet is damaged: it has ");
    Files.delete(shard);
    assertOneLine(Ended.of("verify", damaged.toString()), "part-00000.parquet is missing");
  }

  @Test
  void aDatasetThatPrepHasNotFinishedIsToldToBeOne() throws IOException {
    Path begun = Files.createDirectories(folder.resolve("data/_unfinished/0a1b2c3d/clean"));
    Files.writeString(begun.resolveSibling("clean.finished"), "fingerprint");
    assertThat(Ended.well("inspect", folder + "/data")).contains("unfinished     prep", "whole stages   clean",
        "the same command goes on");
    assertThat(Ended.well("inspect", folder + "/data", "--json")).contains("unfinished dataset", "clean");
    assertOneLine(Ended.of("verify", folder + "/data"),
        "data is what prep has not finished; run the same command again");
  }

  @Test
  void aTokenizerOfAnotherVocabulary() throws IOException {
    Path other = copy(data, folder.resolve("data"));
    Path corpus = shared.resolve("corpus.jsonl");
    assertThat(Ended.of("tokenizer", "train", "--in", corpus.toString(), "--out", folder + "/small", "--set",
        "vocabularySize=270").code()).isZero();
    Files.copy(folder.resolve("small/tokenizer.json"), other.resolve("tokenizer.json"),
        StandardCopyOption.REPLACE_EXISTING);
    Files.deleteIfExists(other.resolve(".tokenizer.json.crc"));
    assertOneLine(pretrain(other), "data/tokenizer.json is not the tokenizer that the dataset was made with");
    assertThat(folder.resolve("run")).doesNotExist();
  }

  private Ended pretrain(Path dataset, String... settings) {
    List<String> arguments = new ArrayList<>(
        List.of("pretrain", "--data", dataset.toString(), "--set", "run=" + folder.resolve("run"), "--set",
            "train.steps=2", "--set", "model.width=16", "--set", "model.heads=2", "--set",
            "model.layers=1"));
    arguments.addAll(List.of(settings));
    return Ended.of(arguments.toArray(String[]::new));
  }

  @Test
  void lossesOfDocumentsWhereAModelSaysNoNextTokens() {
    assertOneLine(pretrain(data, "--set", "model.family=bert", "--set", "tracking.documentLoss=0.5"),
        "tracking.documentLoss is 0.5; it must be 0 where a model does not say next tokens");
    assertOneLine(pretrain(data, "--set", "tracking.documentLoss=2"),
        "tracking.documentLoss is 2.0; it must be a share of the steps, 0 (none) to 1 (all)");
    assertNoRun();
  }

  private void assertNoRun() {
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void aDatasetWithLongerSequencesThanTheModelTakes() throws IOException {
    Ended ended = pretrain(data, "--set", "model.contextLength=8");
    assertOneLine(ended, "--set model.contextLength is 8",
        "sequence length, " + SmallDataset.SEQUENCE);
    assertNoRun();
  }

  @Test
  void aTruncatedShardOfTheTrainingRows() throws IOException {
    Path damaged = copy(data, folder.resolve("data"));
    Path shard;
    try (Stream<Path> files = Files.walk(damaged)) {
      shard = files.filter(file -> file.toString().contains("train") && file.toString().endsWith(".parquet"))
          .findFirst().orElseThrow();
    }
    truncate(shard);
    assertOneLine(pretrain(damaged), "is damaged", shard.getFileName().toString());
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
  void aRunFolderThatIsAFile() throws IOException {
    Path file = yaml("mine");
    assertOneLine(pretrain(data, "--out", file.toString()), "settings.yaml, which is a file");
    assertThat(file).hasContent("mine");
  }

  @Test
  void aModelThatDoesNotFitIntoMemory() throws IOException {
    Ended ended = pretrain(data, "--set", "model.width=65536", "--set", "model.layers=100");
    assertOneLine(ended, "memory");
    assertNoRun();
  }

  @Test
  void anOutputFolderOfTheDemoOrARunThatHoldsSomethingElse() throws IOException {
    Files.writeString(folder.resolve("thesis.txt"), "all of it");
    assertOneLine(Ended.of("demo", "--out", folder.toString()), "holds something else", "thesis.txt");
    assertOneLine(pretrain(data, "--out", folder.toString()), "thesis.txt");
    assertThat(folder.toFile().list()).containsExactly("thesis.txt");
  }

  @Test
  void aDamagedModelFile() throws IOException {
    Path cut = copy(model, folder.resolve("cut"));
    truncate(cut.resolve("model.safetensors"));
    assertOneLine(Ended.of("generate", "--model", cut.toString()), "model.safetensors");
    Path header = copy(model, folder.resolve("header"));
    flipByte(header.resolve("model.safetensors"), 3);
    assertOneLine(Ended.of("generate", "--model", header.toString()), "model.safetensors");
    Path gguf = folder.resolve("model.gguf");
    assertOneLine(Ended.of("export", "gguf", "--model", cut.toString(), "--out", gguf.toString()), "model.safetensors");
    assertThat(gguf).doesNotExist();
  }

  @Test
  void aModelThatIsMissingOrNone() {
    assertOneLine(Ended.of("generate", "--model", folder.resolve("nowhere").toString()), "nowhere does not exist");
    assertOneLine(Ended.of("generate", "--model", folder.toString()), "neither a config.json nor a whole checkpoint");
    assertOneLine(Ended.of("generate", "--prompt", "x"), "model is missing");
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
  void aFileWhereAFolderIsWanted() throws IOException {
    String file = yaml("mine").toString();
    assertOneLine(Ended.of("evaluate", "--model", model.toString(), "--data", file),
        "settings.yaml is a file; a dataset is a folder");
    assertOneLine(Ended.of("evaluate", "--model", model.toString(), "--data", data.resolve("dataset.json").toString()),
        "name the one that this file is in");
    assertOneLine(Ended.of("generate", "--model", file), "settings.yaml is a file; give the folder");
    assertOneLine(Ended.of("verify", file), "settings.yaml is a file; give the folder");
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

  @Test
  void anOutputBelowAFile() throws IOException {
    Path file = yaml("mine");
    String[] below = {"--model", model.toString(), "--out", file + "/x"};
    assertOneLine(Ended.of("export", "hf", below[0], below[1], below[2], below[3]), file.toString(), "not a directory");
    assertOneLine(Ended.of("export", "gguf", below[0], below[1], below[2], below[3]), file.toString(),
        "not a directory");
    assertOneLine(pretrain(data, "--set", "run=" + file + "/x"), file.toString(), "not a directory");
    assertThat(file).hasContent("mine");
  }
}
