package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.chat.ExampleEncoder;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenizerKindsTest {
  @TempDir
  Path folder;

  @ParameterizedTest
  @EnumSource(TokenizerKind.class)
  void theTokenizerIsTheSameForOneTwoAndSevenPartitions(TokenizerKind kind) throws IOException {
    List<String> texts = texts(kind == TokenizerKind.UNIGRAM ? 8 : 40);
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(SparkInTests.session().sparkContext());
    List<String> made = new ArrayList<>();
    for (int partitions : new int[]{1, 2, 7})
      made.add(TokenizerJob.train(spark.parallelize(texts, partitions), kind, 700, () -> new UserError("empty"),
          line -> {}).json());
    assertThat(made.get(1)).isEqualTo(made.get(0));
    assertThat(made.get(2)).isEqualTo(made.get(0));
    assertThat(Tokenizer.parse(made.get(0), "t").vocabularySize()).isEqualTo(700);
  }

  @Test
  void aDatasetForBertHasItsTokensAroundEachDocumentAndSaysNothingOfCharacters() throws IOException {
    PrepResult result = PrepJob.run(SparkInTests.session(), options(TokenizerKind.WORDPIECE));
    Tokenizer tokenizer = result.tokenizer();
    int cls = tokenizer.encode("[CLS]")[0];
    int sep = tokenizer.endOfText();
    assertThat(result.info().endOfText()).isEqualTo(sep);
    PackedDataset rows = PackedDataset.open(new Configuration(), result.folder());
    int begun = 0;
    for (long row = 0; row < rows.rows(); row++) {
      int[] tokens = rows.tokens(row);
      for (PackedRow.Span span : rows.spans(row)) {
        assertThat(span.character()).isEqualTo(PackedRow.Span.UNKNOWN);
        if (span.offset() > 0) continue;
        assertThat(tokens[span.start()]).isEqualTo(cls);
        begun++;
      }
    }
    assertThat(begun).isGreaterThanOrEqualTo((int) result.info().training().documents());
    assertThat(Arrays.stream(rows.tokens(0)).filter(id -> id == sep).count()).isPositive();
    assertThat(Files.readString(folder.resolve("out/tokenizer_config.json"))).contains("\"cls_token\" : \"[CLS]\"");
  }

  @Test
  void examplesAreNotPackedWithTokensThatDoNotSpellThem() throws IOException {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(SparkInTests.session().sparkContext());
    Tokenizer pieces = TokenizerJob.train(spark.parallelize(texts(2), 1), TokenizerKind.WORDPIECE, 300,
        () -> new UserError("empty"), line -> {});
    assertThatThrownBy(() -> new ExampleEncoder(pieces, Optional.empty(), 64, false)).isInstanceOf(UserError.class)
        .hasMessageContaining("needs a byte-level tokenizer");
  }

  @Test
  void anotherKindIsAnotherDataset() throws IOException {
    PrepJob.run(SparkInTests.session(), options(TokenizerKind.WORDPIECE));
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options(TokenizerKind.BYTE_LEVEL)))
        .isInstanceOf(UserError.class).hasMessageContaining("other inputs or settings");
  }

  private PrepOptions options(TokenizerKind kind) throws IOException {
    Path in = folder.resolve("in.jsonl");
    ObjectMapper json = new ObjectMapper();
    StringBuilder lines = new StringBuilder();
    for (String text : texts(12))
      lines.append(json.createObjectNode().put("text", text.substring(0, Math.min(4000, text.length())))).append('\n');
    Files.writeString(in, lines);
    return new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 0, List.of(), folder.resolve("out").toString(),
        Optional.empty(), 600, 64, 0, 1, Packing.CONCATENATE, Optional.empty(), kind);
  }

  private static List<String> texts(int most) throws IOException {
    List<String> texts = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(BundledCorpus.open(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null && texts.size() < most; line = lines.readLine())
        texts.add(json.readTree(line).get("text").textValue());
    }
    return texts;
  }
}
