package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.SentencePooling;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;

/**
 * What an encoder's folder says of texts: tokens with the special ones around them, hidden states, and then what its head says,
 * or the pooling that the folder tells; the mean of all tokens where it tells none. For one thread at a time.
 */
public final class TextPredictor implements AutoCloseable {
  /** Positions of a batch, padding included: large enough for full products, small enough for any memory. */
  private static final int BATCH_POSITIONS = 4096;

  private final Kernels kernels;
  private final EncoderModel model;
  private final HubTokenizer tokenizer;
  private final Answer answer;
  private final int longest;

  private TextPredictor(Kernels kernels, EncoderModel model, HubTokenizer tokenizer, Answer answer, int longest) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
    this.answer = answer;
    this.longest = longest;
  }

  /**
   * @param folder closed here
   * @param asked empty: labels where the model has a head for them, else embeddings
   * @throws UserError for a folder that is no encoder's, has no tokenizer, or no labels where they are asked for
   */
  public static TextPredictor open(ModelFolder folder, Optional<AnswerKind> asked, Precision precision, int threads) {
    try (folder) {
      BertConfig config = encoder(folder);
      Answer answer = answer(folder, config, asked);
      String json = folder.tokenizerJson().orElseThrow(() -> new UserError(
          folder.path() + " has no " + ModelFolder.TOKENIZER + "; texts cannot be told to the model without one"));
      int told = answer instanceof Embeddings embeddings ? embeddings.pooling().longest() : 0;
      int longest = told == 0 ? config.contextLength() : Math.min(told, config.contextLength());
      HubTokenizer tokenizer = HubTokenizer.parse(json, new Path(folder.path(), ModelFolder.TOKENIZER).toString(),
          longest);
      Kernels kernels = NativeCache.loading(() -> KernelLibraries.best(threads));
      try {
        EncoderModel model = EncoderModel.load(config, folder.weights(), kernels, precision);
        return new TextPredictor(kernels, model, tokenizer, answer, longest);
      } catch (RuntimeException e) {
        tokenizer.close();
        kernels.close();
        throw e;
      }
    }
  }

  private static BertConfig encoder(ModelFolder folder) {
    ModelConfig config = folder.config();
    if (config instanceof BertConfig encoder) return encoder;
    throw new UserError(folder.path() + " is a " + config.family()
        + ", which writes texts; an encoder is needed here, such as bert; let it write with kindling generate");
  }

  private static Answer answer(ModelFolder folder, BertConfig config, Optional<AnswerKind> asked) {
    boolean labels = config.task().hasLabels();
    if (asked.equals(Optional.of(AnswerKind.LABELS)) && !labels)
      throw new UserError("--answer is labels, and " + folder.path()
          + " has no head for labels; it must be embeddings; "
          + "a classifier is a ..ForSequenceClassification or ..ForTokenClassification, such as pretrain makes of labelled texts");
    if (asked.orElse(labels ? AnswerKind.LABELS : AnswerKind.EMBEDDINGS) == AnswerKind.EMBEDDINGS)
      return new Embeddings(folder.pooling().orElse(new SentencePooling(SentencePooling.Kind.MEAN, false, 0)),
          config.width());
    return config.task().ofSequences()
        ? new TextLabels(config.task(), config.labels())
        : new TokenLabels(config.labels());
  }

  /** Of {@link Result#said}, as a Parquet schema has them. */
  String columns() {
    return answer.columns();
  }

  /** Whether each token is labelled, so that pairs of texts have no place for what is said. */
  public boolean labelsTokens() {
    return answer instanceof TokenLabels;
  }

  /** Tokens of a text that the model sees at most. */
  public int longest() {
    return longest;
  }

  /** What is said of a text. @param said a field a column; @param tokens that the model saw; @param cut whether there were more */
  public record Result(ObjectNode said, int tokens, boolean cut) {}

  /** Texts of like length are computed together. @return in the order of the texts */
  public Result[] predict(List<Text> texts) {
    HubTokenizer.Encoded[] encoded = texts.stream()
        .map(one -> one.pair() == null ? tokenizer.encode(one.text()) : tokenizer.encode(one.text(), one.pair()))
        .toArray(HubTokenizer.Encoded[]::new);
    int[] order = IntStream.range(0, encoded.length).boxed()
        .sorted(Comparator.comparingInt((Integer i) -> encoded[i].ids().length)).mapToInt(Integer::intValue).toArray();
    Result[] results = new Result[encoded.length];
    for (int from = 0; from < order.length;) {
      int to = from + 1;                                       // grows while the longest, the last, pads all to its length
      while (to < order.length && (to + 1 - from) * encoded[order[to]].ids().length <= BATCH_POSITIONS) to++;
      predict(encoded, Arrays.copyOfRange(order, from, to), results);
      from = to;
    }
    return results;
  }

  private void predict(HubTokenizer.Encoded[] encoded, int[] rows, Result[] results) {
    List<HubTokenizer.Encoded> texts = Arrays.stream(rows).mapToObj(row -> encoded[row]).toList();
    List<ObjectNode> said = answer.of(model, batch(texts), texts);
    for (int r = 0; r < rows.length; r++) {
      results[rows[r]] = new Result(said.get(r), texts.get(r).ids().length, texts.get(r).cut());
    }
  }

  private EncoderBatch batch(List<HubTokenizer.Encoded> texts) {
    int time = texts.get(texts.size() - 1).ids().length;
    int[] ids = new int[texts.size() * time], types = new int[ids.length], lengths = new int[texts.size()];
    for (int r = 0; r < lengths.length; r++) {
      lengths[r] = texts.get(r).ids().length;
      System.arraycopy(texts.get(r).ids(), 0, ids, r * time, lengths[r]);
      System.arraycopy(texts.get(r).types(), 0, types, r * time, lengths[r]);
    }
    boolean typed = model.config().tokenTypes() > 1;          // RoBERTa has one, whatever a tokenizer tells
    return EncoderBatch.unlabelled(lengths.length, time, ids, typed ? types : null, lengths);
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
    kernels.close();
  }
}
