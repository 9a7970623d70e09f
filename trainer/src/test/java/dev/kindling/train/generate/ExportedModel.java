package dev.kindling.train.generate;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.gguf.GgufExport;
import dev.kindling.checkpoint.gguf.GgufReader;
import dev.kindling.checkpoint.gguf.GgufType;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.tokenizer.BpeTrainer;
import dev.kindling.data.tokenizer.CountedWord;
import dev.kindling.data.tokenizer.WordPattern;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * A model with random weights and a tokenizer of the bundled corpus, in two model folders that differ in the tokenizer only:
 * {@code model} has the trained one, {@code named} one in which text is ids ({@link LlamaCpp#namesOfIds}).
 */
final class ExportedModel {
  /** No multiple of 8, nor of anything else. */
  static final int VOCABULARY = 997;
  static final int CONTEXT = 128;

  static final int WIDTH = 64;
  private static final Configuration CONF = new Configuration();

  private final Path folder;

  private ExportedModel(Path folder) {
    this.folder = folder;
  }

  static ExportedModel write(Path folder) throws IOException {
    return write(folder, Gpt2Config.of(VOCABULARY, CONTEXT, WIDTH, 2, 4));
  }

  /** @param shape of {@link #VOCABULARY} tokens and {@link #CONTEXT} positions */
  static ExportedModel write(Path folder, DecoderConfig shape) throws IOException {
    ExportedModel written = new ExportedModel(folder);
    Tokenizer tokenizer = BpeTrainer.train(words(corpus(200_000)), VOCABULARY, size -> {});
    DecoderConfig config = shape.withEndOfText(tokenizer.endOfText());
    try (Kernels kernels = KernelLibraries.plain(1);
        DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      randomise(model, tokenizer.endOfText());
      ModelFolderWriter.export(CONF, written.hadoop("model"), config, model.weightSource(), tokenizer.json(),
          ElementType.F32);
      ModelFolderWriter.export(CONF, written.hadoop("named"), config, model.weightSource(),
          LlamaCpp.namesOfIds(VOCABULARY), ElementType.F32);
    }
    return written;
  }

  /** The beginning of the bundled corpus, about so many characters of it, as JSON. */
  static String corpus(int characters) throws IOException {
    try (InputStream in = BundledCorpus.open()) {
      return new String(in.readNBytes(characters), StandardCharsets.UTF_8);
    }
  }

  /** Pieces of the corpus as tokens, every second one a token longer than those before. */
  List<int[]> pieces(int count) throws IOException {
    int[] tokens = tokenizer().encode(corpus(60_000));
    List<int[]> pieces = new ArrayList<>();
    for (int i = 0; i < count; i++) pieces.add(Arrays.copyOfRange(tokens, 97 * i, 97 * i + 1 + i / 2));
    return pieces;
  }

  Tokenizer tokenizer() {
    return Tokenizer.load(CONF, hadoop("model"));
  }

  /** The model as a user loads it from its folder. */
  DecoderModel open(Kernels kernels) {
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop("model"))) {
      return DecoderModel.load((DecoderConfig) opened.config(), opened.weights(), kernels, Precision.FLOAT32);
    }
  }

  /** @param name of the folder, {@code model} or {@code named} */
  LlamaCpp llamaCpp(String name, GgufType type) throws IOException {
    return LlamaCpp.open(export(name, type), CONTEXT);
  }

  /** @param name of the folder, {@code model} or {@code named} */
  GgufReader gguf(String name, GgufType type) throws IOException {
    return GgufReader.open(CONF, new org.apache.hadoop.fs.Path(export(name, type).toUri()));
  }

  private Path export(String name, GgufType type) throws IOException {
    Path file = folder.resolve(name + "-" + type + ".gguf");
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(name))) {
      GgufExport.write(CONF, opened, new org.apache.hadoop.fs.Path(file.toUri()), type);
    }
    return file;
  }

  private org.apache.hadoop.fs.Path hadoop(String name) {
    return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
  }

  private static List<CountedWord> words(String text) {
    Map<String, Long> counts = new HashMap<>();
    WordPattern.GPT2.words().forEachWord(text, word -> counts.merge(word, 1L, Long::sum));
    List<CountedWord> words = new ArrayList<>();
    counts.forEach((word, count) -> words.add(new CountedWord(word, count)));
    return words;
  }

  /**
   * Large enough that logits lie well apart and a text does not repeat itself. The end of a text gets zeros, a logit of 0,
   * which is never the largest: no continuation ends early.
   */
  private static void randomise(LanguageModel model, int endOfText) {
    double[] pair = new double[2];
    for (Parameter p : model.layout().parameters()) {
      CounterRandom random = CounterRandom.of(11, p.name());
      boolean table = p.role() == Parameter.Role.EMBEDDING;
      double mean = p.shape().length > 1 || p.name().endsWith("bias") ? 0 : 1;
      double deviation = table ? 0.6 : 0.2;
      float[] values = new float[Math.toIntExact(p.size())];
      for (int i = 0; i < values.length; i++) {
        random.normals(i, pair);
        values[i] = (float) (mean + deviation * pair[0]);
      }
      if (table && p.shape()[0] == VOCABULARY) Arrays.fill(values, endOfText * WIDTH, (endOfText + 1) * WIDTH, 0);
      p.in(model.weights()).put(0, values, 0, values.length);
    }
    model.weightsChanged();
  }
}
