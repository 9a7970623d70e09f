package dev.kindling.jobs.predict;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.jobs.command.Ended;
import dev.kindling.train.tensor.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real model, all-MiniLM-L6-v2: ONNX Runtime, on the file that was imported, is the judge of our embeddings. */
class MiniLmOnnxRuntimeTest {
  private static final double COSINE = 0.99999;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir
  static Path folder;
  static Path model;
  static List<String> sentences;
  private static Reference reference;

  @BeforeAll
  static void importTheModel() throws IOException, OrtException {
    Path onnx = resource("all-minilm-l6-v2.onnx");
    Path tokenizer = resource("all-minilm-l6-v2-tokenizer.json");
    model = folder.resolve("minilm");
    Ended ended = Ended.of("import", onnx.toString(), "--tokenizer", tokenizer.toString(), "--out", model.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("6 layers of width 384, 12 heads, 30,522 tokens", "512 positions");
    sentences = sentences(200);
    reference = new Reference(onnx, tokenizer);
  }

  @AfterAll
  static void close() throws OrtException {
    if (reference != null) reference.close();
  }

  private static Path resource(String name) throws IOException {
    try (InputStream in = MiniLmOnnxRuntimeTest.class.getResourceAsStream("/" + name)) {
      Path file = folder.resolve(name);
      Files.copy(in, file);
      return file;
    }
  }

  /** From all over the corpus: one word, the shortest and the longest sentences, and others drawn at random. */
  private static List<String> sentences(int count) throws IOException {
    TreeSet<String> all = new TreeSet<>();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(BundledCorpus.open(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        for (String s : JSON.readTree(line).get("text").textValue().split("(?<=[.?!;])\\s+"))
          if (!s.isBlank()) all.add(s.replaceAll("\\s+", " "));
      }
    }
    List<String> byLength = new ArrayList<>(all);
    byLength.sort(java.util.Comparator.comparingInt(String::length).thenComparing(s -> s));
    List<String> drawn = new ArrayList<>(
        List.of("Liberty", "Fellow-Citizens of the Senate and House of Representatives:"));
    drawn.addAll(byLength.subList(0, 8));
    drawn.addAll(byLength.subList(byLength.size() - 10, byLength.size()));
    Random random = new Random(12);
    while (drawn.size() < count) drawn.add(byLength.get(random.nextInt(byLength.size())));
    return drawn;
  }

  /** The mean of ONNX Runtime's hidden states of one text alone, without padding. */
  private static final class Reference {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final HuggingFaceTokenizer tokenizer;

    Reference(Path onnx, Path tokenizerJson) throws IOException, OrtException {
      session = environment.createSession(onnx.toString());
      tokenizer = HuggingFaceTokenizer.newInstance(tokenizerJson,
          Map.of("truncation", "true", "padding", "false", "maxLength", "512", "modelMaxLength", "512"));
    }

    double[] embed(String text) throws OrtException {
      long[][] ids = {tokenizer.encode(text).getIds()};
      long[][] ones = {new long[ids[0].length]};
      Arrays.fill(ones[0], 1);
      long[][] types = {new long[ids[0].length]};
      try (OnnxTensor tokens = OnnxTensor.createTensor(environment, ids);
          OnnxTensor mask = OnnxTensor.createTensor(environment, ones);
          OnnxTensor first = OnnxTensor.createTensor(environment, types);
          OrtSession.Result result = session
              .run(Map.of("input_ids", tokens, "attention_mask", mask, "token_type_ids", first))) {
        float[][] hidden = ((float[][][]) result.get(0).getValue())[0];
        double[] mean = new double[hidden[0].length];
        for (float[] token : hidden) { for (int i = 0; i < mean.length; i++) mean[i] += token[i] / hidden.length; }
        return mean;
      }
    }

    void close() throws OrtException {
      session.close();
      tokenizer.close();
    }
  }

  private static double cosine(double[] a, float[] b) {
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * (double) b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static TextPredictor open(Precision precision, int threads) {
    return TextPredictor.open(ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(model.toUri())),
        Optional.empty(), precision, threads);
  }

  private static List<Text> texts(List<String> sentences) {
    return sentences.stream().map(Text::of).toList();
  }

  private static float[] vector(TextPredictor.Result result) {
    return JSON.convertValue(result.said().get("embedding"), float[].class);
  }

  @Test
  void ourEmbeddingsOfTwoHundredSentencesAreOnnxRuntimes() throws OrtException {
    try (TextPredictor embedder = open(Precision.FLOAT32, 2)) {
      TextPredictor.Result[] results = embedder.predict(texts(sentences));
      for (int i = 0; i < results.length; i++) {
        assertThat(cosine(reference.embed(sentences.get(i)), vector(results[i]))).as(sentences.get(i))
            .isGreaterThanOrEqualTo(COSINE);
        double length = 0;
        for (float x : vector(results[i])) length += x * x;
        assertThat(length).isBetween(0.9999, 1.0001);
      }
    }
  }

  @Test
  void anEmbeddingDoesNotDependOnTheTextsBesideItNorOnThreads() {
    try (TextPredictor one = open(Precision.FLOAT32, 1); TextPredictor two = open(Precision.FLOAT32, 2)) {
      List<String> some = sentences.subList(0, 14);
      TextPredictor.Result[] together = one.predict(texts(some)), again = two.predict(texts(some));
      for (int i = 0; i < together.length; i++) {
        assertThat(vector(again[i])).isEqualTo(vector(together[i]));
        assertThat(vector(one.predict(texts(List.of(some.get(i))))[0])).as(some.get(i)).isEqualTo(vector(together[i]));
      }
    }
  }

  @Test
  void aTextBeyondTheModelsLimitIsCutThereAndCounted() throws IOException, OrtException {
    String text = "We the people. ".repeat(300);
    Path in = Files.writeString(folder.resolve("long.txt"), "Short.\n" + text + "\n");
    Path out = folder.resolve("long.jsonl");
    Ended ended = Ended.of("predict", "--model", model.toString(), "--in", in.toString(), "--out", out.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).contains("2 texts", "1 of the texts were longer than 512 tokens and were cut there");
    JsonNode row = JSON.readTree(Files.readAllLines(out).get(1));
    assertThat(row.get("tokens").intValue()).isEqualTo(512);
    float[] vector = JSON.treeToValue(row.get("embedding"), float[].class);
    assertThat(cosine(reference.embed(text), vector)).isGreaterThanOrEqualTo(COSINE);
  }
}
