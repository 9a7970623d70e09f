package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Encoders and T5 from text to files for others, by the verbs alone. */
@Timeout(120)
class EncoderVerbsTest {
  private static final Map<Path, String> SAID = new HashMap<>();
  @TempDir
  static Path folder;
  private static Path data;

  @BeforeAll
  static void prepare() throws IOException {
    data = SmallDataset.prepare(folder);
  }

  /** By the figure that training ends with. */
  private static void assertEvaluatedAsTrained(Path run, Path data, String what) {
    String figure = SAID.get(run).lines().filter(line -> line.startsWith("held-out perplexity ")).findFirst()
        .orElseThrow().substring("held-out perplexity ".length());
    assertThat(Ended.well("evaluate", "--model", run.toString(), "--data", data.toString(), "--threads", "1").lines())
        .hasSize(2).first().asString().startsWith("perplexity of " + what);
    assertThat(Ended.well("evaluate", "--model", run.toString(), "--data", data.toString()).lines()).last().asString()
        .matches("  model +" + Pattern.quote(figure));
  }

  private static Path pretrained(String family, String... setting) {
    return pretrained(data, family, setting);
  }

  private static Path pretrained(Path data, String family, String... setting) {
    Path run = folder.resolve(family + "-of-" + data.getFileName());
    String extra = setting.length == 0 ? "train.seed=1" : setting[0];
    Ended ended = Ended.of("pretrain", "--data", data.toString(), "--out", run.toString(), "--set",
        "model.family=" + family, "--set", "model.layers=1", "--set", "model.heads=2", "--set", "model.width=16",
        "--set", "train.steps=2", "--set", "train.virtualRanks=2", "--set", "train.precision=float32", "--set", extra);
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    SAID.put(run, ended.out());
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

  /** The model's vocabulary is the tokenizer's, which has the mask and the padding that BERT needs, and texts get their ends. */
  @Test
  void bertLearnsFromItsOwnWordPieces() throws IOException {
    Path pieces = prepared("wordpiece", 120, SmallDataset.corpus(folder));
    Path run = pretrained(pieces, "bert");
    Path out = folder.resolve("bert-export");
    Ended ended = Ended.of("export", "hf", "--model", run.toString(), "--out", out.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(Files.readString(out.resolve("config.json"))).containsPattern("\"vocab_size\" ?: 120")
        .containsPattern("\"pad_token_id\" ?: 0\\b");
    assertThat(Files.readString(out.resolve("tokenizer_config.json"))).contains("\"[MASK]\"", "\"[CLS]\"");
    Path texts = Files.writeString(folder.resolve("texts-for-pieces.txt"), "Fellow citizens\n");
    ended = Ended.of("predict", "--model", run.toString(), "--in", texts.toString(), "--out",
        folder.resolve("pieces.jsonl").toString());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertEvaluatedAsTrained(run, pieces, "tokens that are hidden");
    assertThat(Ended.refused("generate", "--model", run.toString())).contains("is a bert; a decoder is needed here");
  }

  @Test
  void aRunIsATokenizerToo() throws IOException {
    Path run = pretrained("gpt2"), again = folder.resolve("again");
    assertThat(Ended.well("tokenizer", "encode", "--tokenizer", run.toString(), "Fellow citizens"))
        .isEqualTo(Ended.well("tokenizer", "encode", "--tokenizer", data.toString(), "Fellow citizens"));
    Ended.well("prep", "--in", SmallDataset.corpus(folder).toString(), "--out", again.toString(), "--set",
        "tokenizer=" + run, "--set", "sequenceLength=16");
    assertThat(again.resolve("tokenizer.json")).hasSameBinaryContentAs(data.resolve("tokenizer.json"));
  }

  /** T5's pieces have its padding, its sentinels and its end: nothing is added to the vocabulary. */
  @Test
  void t5LearnsFromItsOwnPieces() throws IOException {
    List<String> syllables = List.of("ba", "ke", "li", "mo", "nu", "ra", "si", "to", "vu", "we");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      StringBuilder text = new StringBuilder();
      for (int k = 0; k < 40; k++)
        text.append(syllables.get((i + k) % 10)).append(syllables.get((i * k + 3 * k) % 10))
            .append(syllables.get((k * k + i) % 10)).append(' ');
      lines.append("{\"id\":\"").append(i).append("\",\"text\":\"").append(text).append("\"}\n");
    }
    Path corpus = Files.writeString(folder.resolve("syllables.jsonl"), lines);
    Path pieces = prepared("unigram", 167, corpus), run = pretrained(pieces, "t5-v1-1");
    Path out = folder.resolve("t5-pieces-export");
    Ended ended = Ended.of("export", "hf", "--model", run.toString(), "--out", out.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(Files.readString(out.resolve("config.json"))).containsPattern("\"vocab_size\" ?: 167")
        .containsPattern("\"decoder_start_token_id\" ?: 0").containsPattern("\"eos_token_id\" ?: 1\\b");
    assertThat(Files.readString(out.resolve("tokenizer.json"))).contains("\"Unigram\"", "\"<extra_id_0>\"");
    assertEvaluatedAsTrained(run, pieces, "spans that are cut out");
    Path tokenizer = out.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replace("<extra_id_7>", "<other>"));
    assertThat(Ended.refused("evaluate", "--model", out.toString(), "--data", pieces.toString()))
        .contains("<extra_id_7> is not 7 ids before <extra_id_0>, as T5 has them; give the tokenizer that it was");
  }

  private static Path prepared(String kind, int vocabulary, Path corpus) {
    Path out = folder.resolve(kind);
    Ended prep = Ended.of("prep", "--in", corpus.toString(), "--out", out.toString(), "--set",
        "vocabularySize=" + vocabulary, "--set", "sequenceLength=16", "--set", "heldOutPercent=20", "--set",
        "tokenizerKind=" + kind);
    assertThat(prep.err()).isEmpty();
    return out;
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
    assertTextsEndOnce(out);
    assertThat(Ended.refused("generate", "--model", run.toString())).contains("a prompt is empty; a t5 reads a text");
    assertThat(Ended.well("generate", "--model", run.toString(), "--prompt", "Fellow <extra_id_0>", "--tokens", "3",
        "--set", "temperature=0")).isNotBlank();
  }

  /** For Hugging Face's library, whose ids {@code generate} has too; ours tells a text's own tokens. */
  private static void assertTextsEndOnce(Path model) throws IOException {
    String json = Files.readString(model.resolve(Tokenizer.FILE));
    Tokenizer ours = Tokenizer.parse(json, Tokenizer.FILE);
    int[] text = ours.encode("Fellow citizens <extra_id_0>");
    assertThat(text).doesNotContain(ours.endOfText());
    try (HubTokenizer theirs = HubTokenizer.parse(json, Tokenizer.FILE, Integer.MAX_VALUE)) {
      assertThat(theirs.encode("Fellow citizens <extra_id_0>").ids())
          .isEqualTo(IntStream.concat(Arrays.stream(text), IntStream.of(ours.endOfText())).toArray());
    }
  }
}
