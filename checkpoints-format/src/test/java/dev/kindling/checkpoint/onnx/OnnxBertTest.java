package dev.kindling.checkpoint.onnx;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.ActivationFunction;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.folder.SentencePooling;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exports of PyTorch's, made by {@code onnx/make.py}, against what transformers saved of the same model. */
class OnnxBertTest {
  private static final String EXPORT = "/onnx/bert-eager-17.onnx", SAVED = "/onnx/bert.safetensors";
  private static final BertConfig CONFIG = new BertConfig(BertFamily.BERT, EncoderTask.ENCODE, 37, 16, 2, 12, 2, 3, 20,
      ActivationFunction.GELU, 1e-12f, 0.02f, true, true, 0, -1, List.of(), List.of());
  private static final SentencePooling MEAN = new SentencePooling(SentencePooling.Kind.MEAN, true, 0);

  @TempDir
  Path folder;

  private static org.apache.hadoop.fs.Path resource(String name) {
    return hadoop(Path.of("src/test/resources" + name).toAbsolutePath());
  }

  private static void assertSaved(WeightSource weights) {
    try (SafetensorsReader saved = SafetensorsReader.open(CONF, resource(SAVED))) {
      assertThat(weights.tensors()).containsExactlyInAnyOrderElementsOf(saved.tensors());
      for (TensorSpec t : saved.tensors())
        assertThat(weights.read(t.name())).as(t.name()).isEqualTo(saved.read(t.name()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {EXPORT, "/onnx/bert-sdpa-14.onnx"})
  void theConfigurationAndEveryWeightAreThoseThatWereExported(String export) {
    try (OnnxReader file = OnnxReader.open(CONF, resource(export))) {
      OnnxBert bert = OnnxBert.of(file, 0);
      assertThat(bert.config()).isEqualTo(CONFIG);
      assertSaved(bert.weights());
    }
  }

  @Test
  void aTurnedMatrixIsReadInPiecesToo() {
    try (OnnxReader file = OnnxReader.open(CONF, resource(EXPORT))) {
      WeightSource weights = OnnxBert.of(file, 0).weights();
      String name = "encoder.layer.1.intermediate.dense.weight";
      float[] whole = weights.read(name), pieces = new float[whole.length];
      for (int at = 0; at < whole.length; at += 7) weights.read(name, at, pieces, at, Math.min(7, whole.length - at));
      assertThat(pieces).isEqualTo(whole);
    }
  }

  @Test
  void theFolderIsReadAgainWithItsPooling() throws IOException {
    Path out = folder.resolve("model");
    importFrom(bytes(), null, 0, out);
    try (ModelFolder model = ModelFolder.open(CONF, hadoop(out))) {
      assertThat(model.config()).isEqualTo(CONFIG);
      assertThat(model.pooling()).contains(MEAN);
      assertThat(model.tokenizerJson()).isEmpty();
      assertSaved(model.weights());
      ModelFolderWriter.export(CONF, hadoop(folder.resolve("copy")), model, ElementType.BF16);
    }
    try (ModelFolder copy = ModelFolder.open(CONF, hadoop(folder.resolve("copy")))) {
      assertThat(copy.pooling()).contains(MEAN);
    }
    new OnnxImport(hadoop(folder.resolve("model.onnx")), null, 0,
        new SentencePooling(SentencePooling.Kind.FIRST, false, 8)).write(CONF,
            hadoop(out));
    try (ModelFolder model = ModelFolder.open(CONF, hadoop(out))) {
      assertThat(model.pooling()).contains(new SentencePooling(SentencePooling.Kind.FIRST, false, 8));
    }
  }

  private static byte[] bytes() throws IOException {
    try (InputStream in = OnnxBertTest.class.getResourceAsStream(EXPORT)) {
      return in.readAllBytes();
    }
  }

  private BertConfig importFrom(byte[] file, Path tokenizer, int heads, Path out) throws IOException {
    Path model = Files.write(folder.resolve("model.onnx"), file);
    return new OnnxImport(hadoop(model), tokenizer == null ? null : hadoop(tokenizer), heads, MEAN).write(CONF,
        hadoop(out)).config();
  }

  /** The export with a name changed wherever it stands; both are equally long. */
  private static byte[] renamed(String from, String to) throws IOException {
    String text = new String(bytes(), StandardCharsets.ISO_8859_1);
    assertThat(text).contains(from);
    return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({
      "embeddings.word_embeddings.weight, embeddings.word_embeddings.wXXght, BERT encoders are imported",
      "embeddings.token_type_embeddings.weight, embeddings.token_type_embeddings.wXXght, no tensor auto_model.embeddings.token_type_embeddings.weight",
      "MatMul, MatMux, no MatMul or Gemm by a constant matrix stands before auto_model.encoder.layer.0.attention.self.query.bias",
      "Gather, CumSum, as RoBERTa does", "Erf, Exp, none of Erf", "LayerNormalization, LayerNormalizatioX, no epsilon"})
  void whatIsNoPlainBertIsToldAndLeavesNoFolder(String from, String to, String told) throws IOException {
    Path out = folder.resolve("model");
    byte[] file = renamed(from, to);
    assertThatThrownBy(() -> importFrom(file, null, 0, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("model.onnx", told);
    assertThat(out).doesNotExist();
  }

  @Test
  void headsThatTheGraphDoesNotTellAreAsked() throws IOException {
    Path out = folder.resolve("model");
    byte[] file = renamed("Reshape", "ReshapX");
    assertThatThrownBy(() -> importFrom(file, null, 0, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("model.onnx", "does not tell the number of attention heads; give it with --heads");
    assertThat(importFrom(file, null, 3, out)).isEqualTo(CONFIG);
    assertThatThrownBy(() -> importFrom(file, null, 5, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("model.onnx", "hidden_size is 12", "5");
  }

  @Test
  void aTokenizerOfAnotherVocabularyIsRefused() throws IOException {
    Path out = folder.resolve("model");
    Path other = Files.writeString(folder.resolve("other.json"), "{\"model\": {\"vocab\": {\"a\": 0, \"b\": 37}}}");
    assertThatThrownBy(() -> importFrom(bytes(), other, 0, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("other.json", "ids up to 37, a vocabulary of 38", "has 37 rows");
    String pieces = "{\"model\": {\"vocab\": [" + "[\"a\", -1.0],".repeat(39) + "[\"b\", -2.0]]}}";
    Path list = Files.writeString(folder.resolve("list.json"), pieces);
    assertThatThrownBy(() -> importFrom(bytes(), list, 0, out)).hasMessageContaining("a vocabulary of 40");
    Path ends = Files.writeString(folder.resolve("ends.json"),
        "{\"model\": {\"vocab\": {\"a\": 0}}, \"post_processor\": {\"special_tokens\": {\"[CLS]\": {\"ids\": [101]}}}}");
    assertThatThrownBy(() -> importFrom(bytes(), ends, 0, out)).hasMessageContaining("ids up to 101");
    Path none = Files.writeString(folder.resolve("none.json"), "{}");
    assertThatThrownBy(() -> importFrom(bytes(), none, 0, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("none.json", "model is missing");
    assertThat(out).doesNotExist();
    String right = "{\"model\": {\"vocab\": {\"a\": 0, \"b\": 36}}}";
    importFrom(bytes(), Files.writeString(folder.resolve("right.json"), right), 0, out);
    assertThat(out.resolve("tokenizer.json")).hasContent(right);
  }

  @Test
  void aFolderThatHoldsSomethingElseStaysAsItIs() throws IOException {
    Path out = Files.createDirectory(folder.resolve("model"));
    Files.writeString(out.resolve("thesis.txt"), "all of it");
    assertThatThrownBy(() -> importFrom(bytes(), null, 0, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("holds something else", "thesis.txt");
    assertThat(out.toFile().list()).containsExactly("thesis.txt");
  }

  @Test
  void aFileThatIsCutOffLeavesNoFolder() throws IOException {
    Path out = folder.resolve("model");
    byte[] cut = Arrays.copyOf(bytes(), 40_000);
    assertThatThrownBy(() -> importFrom(cut, null, 0, out)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("model.onnx", "is damaged");
    assertThat(out).doesNotExist();
  }
}
