package dev.kindling.jobs.command;

import static dev.kindling.jobs.command.Ended.assertOneLine;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Files and folders that are damaged, missing, of another kind or somebody else's: told in one line with exit code 2. */
class BadFilesTest extends SmallDatasetVerbs {
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
  void aSettingsFileThatIsMissingOrNotYaml() throws IOException {
    assertOneLine(Ended.of("prep", folder.resolve("none.yaml").toString()), "none.yaml does not exist");
    assertOneLine(Ended.of("prep", yaml("input: [x\noutput: y\n").toString()),
        "settings.yaml:2: not valid YAML: at column ",
        "the list in [ ] that begins in line 1 is not closed, or lacks a comma");
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
  void anOutputFolderOfTheDemoOrARunThatHoldsSomethingElse() throws IOException {
    Files.writeString(folder.resolve("thesis.txt"), "all of it");
    assertOneLine(Ended.of("demo", "--out", folder.toString()), "holds something else", "thesis.txt");
    assertOneLine(pretrain(data, "--out", folder.toString()), "thesis.txt");
    assertThat(folder.toFile().list()).containsExactly("thesis.txt");
  }

  @Test
  void aRunFolderThatIsAFile() throws IOException {
    Path file = yaml("mine");
    assertOneLine(pretrain(data, "--out", file.toString()), "settings.yaml, which is a file");
    assertThat(file).hasContent("mine");
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
  void aModelThatIsMissingOrNone() {
    assertOneLine(Ended.of("generate", "--model", folder.resolve("nowhere").toString()), "nowhere does not exist");
    assertOneLine(Ended.of("generate", "--model", folder.toString()), "neither a config.json nor a whole checkpoint");
    assertOneLine(Ended.of("generate", "--prompt", "x"), "model is missing");
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
}
