package dev.kindling.jobs.predict;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.SentencePooling;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.Pooling;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Embeddings of texts by an encoder's folder: tokens with the special ones around them, hidden states, and the pooling
 * that the folder tells; the mean of all tokens where it tells none. For one thread at a time.
 */
public final class TextEmbedder implements AutoCloseable {
  /** Positions of a batch, padding included: large enough for full products, small enough for any memory. */
  private static final int BATCH_POSITIONS = 4096;

  private final Kernels kernels;
  private final EncoderModel model;
  private final HubTokenizer tokenizer;
  private final SentencePooling pooling;
  private final int longest;
  private final int width;

  private TextEmbedder(Kernels kernels, EncoderModel model, HubTokenizer tokenizer, SentencePooling pooling,
      int longest,
      int width) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
    this.pooling = pooling;
    this.longest = longest;
    this.width = width;
  }

  /** @throws UserError for a folder that is no encoder's, or has no tokenizer */
  public static TextEmbedder open(Configuration conf, Path path, Precision precision, int threads) {
    try (ModelFolder folder = ModelFolder.open(conf, path)) {
      if (!(folder.config() instanceof BertConfig config))
        throw new UserError(
            path + " is a " + folder.config().family() + "; embeddings come from an encoder, such as bert");
      String json = folder.tokenizerJson().orElseThrow(() -> new UserError(
          path + " has no " + ModelFolder.TOKENIZER + "; texts cannot be told to the model without one"));
      SentencePooling pooling = folder.pooling().orElse(new SentencePooling(SentencePooling.Kind.MEAN, false, 0));
      int longest = pooling.longest() == 0
          ? config.contextLength()
          : Math.min(pooling.longest(), config.contextLength());
      HubTokenizer tokenizer = HubTokenizer.parse(json, new Path(path, ModelFolder.TOKENIZER).toString(), longest);
      Kernels kernels = NativeCache.loading(() -> KernelLibraries.best(threads));
      try {
        EncoderModel model = EncoderModel.load(config, folder.weights(), kernels, precision);
        return new TextEmbedder(kernels, model, tokenizer, pooling, longest, config.width());
      } catch (RuntimeException e) {
        tokenizer.close();
        kernels.close();
        throw e;
      }
    }
  }

  /** Numbers of an embedding. */
  public int width() {
    return width;
  }

  /** Tokens of a text that the model sees at most. */
  public int longest() {
    return longest;
  }

  public SentencePooling pooling() {
    return pooling;
  }

  /** What a text became. @param tokens that the model saw; @param cut whether there were more */
  public record Result(float[] vector, int tokens, boolean cut) {}

  /** Texts of like length are computed together. @return in the order of the texts */
  public Result[] embed(List<String> texts) {
    HubTokenizer.Encoded[] encoded = texts.stream().map(tokenizer::encode).toArray(HubTokenizer.Encoded[]::new);
    int[] order = IntStream.range(0, encoded.length).boxed()
        .sorted(Comparator.comparingInt((Integer i) -> encoded[i].ids().length)).mapToInt(Integer::intValue).toArray();
    Result[] results = new Result[encoded.length];
    for (int from = 0; from < order.length;) {
      int to = from + 1;                                       // grows while the longest, the last, pads all to its length
      while (to < order.length && (to + 1 - from) * encoded[order[to]].ids().length <= BATCH_POSITIONS) to++;
      embed(encoded, Arrays.copyOfRange(order, from, to), results);
      from = to;
    }
    return results;
  }

  private void embed(HubTokenizer.Encoded[] encoded, int[] rows, Result[] results) {
    int time = encoded[rows[rows.length - 1]].ids().length;
    int[] ids = new int[rows.length * time], lengths = new int[rows.length];
    for (int r = 0; r < rows.length; r++) {
      int[] text = encoded[rows[r]].ids();
      System.arraycopy(text, 0, ids, r * time, text.length);
      lengths[r] = text.length;
    }
    Pooling states = pooling.kind() == SentencePooling.Kind.FIRST ? Pooling.FIRST : Pooling.MEAN;
    float[] vectors = model.embed(EncoderBatch.unlabelled(rows.length, time, ids, lengths), states);
    for (int r = 0; r < rows.length; r++) {
      float[] vector = Arrays.copyOfRange(vectors, r * width, (r + 1) * width);
      if (pooling.normalized()) normalize(vector);
      results[rows[r]] = new Result(vector, lengths[r], encoded[rows[r]].cut());
    }
  }

  private static void normalize(float[] vector) {
    double squares = 0;
    for (float x : vector) squares += (double) x * x;
    double length = Math.max(Math.sqrt(squares), 1e-12);
    for (int i = 0; i < vector.length; i++) vector[i] = (float) (vector[i] / length);
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
    kernels.close();
  }
}
