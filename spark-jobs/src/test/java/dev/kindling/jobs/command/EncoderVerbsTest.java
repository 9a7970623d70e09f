package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Encoders and T5 from text to files for others, by the verbs alone. */
@Timeout(120)
class EncoderVerbsTest {
  @TempDir
  static Path folder;
  private static Path data;

  @BeforeAll
  static void prepare() throws IOException {
    data = SmallDataset.prepare(folder);
  }

  private static Path pretrained(String family, String... setting) {
    Path run = folder.resolve(family);
    String extra = setting.length == 0 ? "train.seed=1" : setting[0];
    Ended ended = Ended.of("pretrain", "--data", data.toString(), "--out", run.toString(), "--set",
        "model.family=" + family, "--set", "model.layers=1", "--set", "model.heads=2", "--set", "model.width=16",
        "--set", "train.steps=2", "--set", "train.virtualRanks=2", "--set", extra);
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    return run;
  }

  @Test
  void anEncoderThatLearnedMaskedWordsEmbedsTexts() throws IOException {
    Path run = pretrained("bert", "objective.maskedShare=0.2");
    Path texts = Files.writeString(folder.resolve("texts.txt"), "Fellow citizens\nyear 7 was good\n");
    Path out = folder.resolve("vectors.jsonl");
    Ended ended = Ended.of("predict", "--model", run.toString(), "--in", texts.toString(), "--out", out.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(out).exists();
  }

  @Test
  void t5IsExportedWithItsSentinels() throws IOException {
    Path run = pretrained("t5-v1-1", "objective.meanSpan=2");
    Path out = folder.resolve("t5-export");
    Ended ended = Ended.of("export", "hf", "--model", run.toString(), "--out", out.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(Files.readString(out.resolve("config.json"))).contains("\"T5ForConditionalGeneration\"",
        "\"gated-gelu\"");
    assertThat(Files.readString(out.resolve("tokenizer.json"))).contains("\"<extra_id_0>\"");
    assertThat(Ended.of("generate", "--model", run.toString()).err()).contains("is a t5; a decoder is needed here");
  }
}
