package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * An encoder that sees a whole text at once: learned positions, norms after each addition, biases everywhere (Devlin et
 * al. 2019), and at most one head. {@link BertFamily} has the names that stand for the dots here; the encoder's own
 * begin with the family's {@code model_type} where there is a head.
 *
 * <pre>
 *   embeddings.word_embeddings       [vocabulary, width]    embeddings.position_embeddings [positions, width]
 *   embeddings.token_type_embeddings [tokenTypes, width]    embeddings.LayerNorm           [width]
 *   layer N: query, key, value, output [width, width], attentionNorm, up [inner, width], down [width, inner], outputNorm
 *   masked words: dense [width, width], norm, bias [vocabulary] and the decoder's [vocabulary, width] where it is not tied
 *   labels:       dense [width, width] of the first token (not for tokens), out [labels, width]
 * </pre>
 *
 * Matrices are stored [out, in], as torch's Linear has them.
 *
 * @param positions rows of the position table; RoBERTa's first are behind the padding token's id and never used
 * @param tokenTypes rows of the token type table; 0: there is none
 * @param tiedHead whether the decoder of masked words is the word embedding
 * @param pooler whether an encoder without head comes with a pooler, which {@code BertModel} saves along
 * @param padToken {@code pad_token_id}, or -1; @param beginToken {@code bos_token_id}, or -1
 * @param labels their names in the order of the labels' matrix; none where the task has none
 * @param dropout {@code hidden_dropout_prob}, of embeddings too, {@code attention_probs_dropout_prob}, {@code classifier_dropout};
 *        DistilBERT has them as {@code dropout}, {@code attention_dropout}, {@code seq_classif_dropout}
 */
public record BertConfig(BertFamily kind, EncoderTask task, int vocabularySize, int positions, int tokenTypes,
    int width, int layers, int heads, int innerWidth, ActivationFunction activation, float layerNormEpsilon,
    float initializerRange, boolean tiedHead, boolean pooler, int padToken, int beginToken, List<Integer> endTokens,
    List<String> labels, DropoutRates dropout) implements ModelConfig {
  public BertConfig {
    boolean distil = kind == BertFamily.DISTILBERT;
    require(vocabularySize > 0, "vocab_size", vocabularySize, "a whole number above 0");
    require(layers > 0 && layers <= DecoderConfig.MOST_LAYERS, distil ? "n_layers" : "num_hidden_layers", layers,
        "between 1 and " + DecoderConfig.MOST_LAYERS);
    require(heads > 0, distil ? "n_heads" : "num_attention_heads", heads, "a whole number above 0");
    require(width > 0 && width % heads == 0 && width <= Integer.MAX_VALUE / 4, distil ? "dim" : "hidden_size", width,
        "a multiple of the number of heads, " + heads);
    require(innerWidth > 0, distil ? "hidden_dim" : "intermediate_size", innerWidth, "a whole number above 0");
    require(layerNormEpsilon > 0, "layer_norm_eps", layerNormEpsilon, "a number above 0");
    require(tokenTypes >= 0, "type_vocab_size", tokenTypes, "0 or more");
    require(kind != BertFamily.ROBERTA || padToken >= 0, "pad_token_id", padToken,
        "a token id, as positions are counted from behind it");
    require(positions > firstPosition(kind, padToken), "max_position_embeddings", positions,
        "above " + firstPosition(kind, padToken));
    require(task.hasLabels() != labels.isEmpty(), "id2label", labels,
        task.hasLabels() ? "the names of the labels" : "left out where the model has no labels");
    endTokens = List.copyOf(endTokens);
    labels = List.copyOf(labels);
  }

  /** Nothing is dropped out. */
  public BertConfig(BertFamily kind, EncoderTask task, int vocabularySize, int positions, int tokenTypes, int width,
      int layers, int heads, int innerWidth, ActivationFunction activation, float layerNormEpsilon,
      float initializerRange,
      boolean tiedHead, boolean pooler, int padToken, int beginToken, List<Integer> endTokens, List<String> labels) {
    this(kind, task, vocabularySize, positions, tokenTypes, width, layers, heads, innerWidth, activation,
        layerNormEpsilon, initializerRange, tiedHead, pooler, padToken, beginToken, endTokens, labels,
        DropoutRates.NONE);
  }

  /** BERT's usual choices: an inner width of 4 times the width, 2 token types, GELU, masked words with a tied head. */
  public static BertConfig of(int vocabularySize, int positions, int width, int layers, int heads) {
    return new BertConfig(BertFamily.BERT, EncoderTask.MASKED_WORDS, vocabularySize, positions, 2, width, layers, heads,
        4 * width, ActivationFunction.GELU, 1e-12f, 0.02f, true, false, 0, -1, List.of(), List.of());
  }

  /** The same encoder under another head. @param labels their names, none where the task has none */
  public BertConfig forTask(EncoderTask other, List<String> labels) {
    return new BertConfig(kind, other, vocabularySize, positions, tokenTypes, width, layers, heads, innerWidth,
        activation, layerNormEpsilon, initializerRange, tiedHead, false, padToken, beginToken, endTokens, labels,
        dropout);
  }

  /** The encoder alone, with a pooler where its files have one ({@link #found}), as those of BERT's first training do. */
  public BertConfig encoder() {
    return forTask(EncoderTask.ENCODE, List.of()).withPooler(true);
  }

  public BertConfig withTiedHead(boolean tied) {
    return new BertConfig(kind, task, vocabularySize, positions, tokenTypes, width, layers, heads, innerWidth,
        activation, layerNormEpsilon, initializerRange, tied, pooler, padToken, beginToken, endTokens, labels, dropout);
  }

  BertConfig withPooler(boolean with) {
    return new BertConfig(kind, task, vocabularySize, positions, tokenTypes, width, layers, heads, innerWidth,
        activation, layerNormEpsilon, initializerRange, tiedHead, with, padToken, beginToken, endTokens, labels,
        dropout);
  }

  @Override
  public BertConfig withDropout(DropoutRates rates) {
    return new BertConfig(kind, task, vocabularySize, positions, tokenTypes, width, layers, heads, innerWidth,
        activation, layerNormEpsilon, initializerRange, tiedHead, pooler, padToken, beginToken, endTokens, labels,
        new DropoutRates(rates.residual(), rates.residual(), rates.attention(), rates.labels()));
  }

  @Override
  public String family() {
    return kind.modelType();
  }

  /** Width of one head. */
  public int headWidth() {
    return width / heads;
  }

  /** The position table's row of a text's first token. */
  public int firstPosition() {
    return firstPosition(kind, padToken);
  }

  private static int firstPosition(BertFamily kind, int padToken) {
    return kind == BertFamily.ROBERTA ? padToken + 1 : 0;
  }

  @Override
  public int contextLength() {
    return positions - firstPosition();
  }

  /** What the encoder's own tensors begin with: nothing, or the family's name and a dot. */
  public String prefix() {
    return task == EncoderTask.ENCODE ? "" : kind.modelType() + ".";
  }

  /** The name of the labels' matrix, [labels, width], without {@code .weight}. */
  public String labelsMatrix() {
    return task.ofSequences() ? kind.classHead().out() : "classifier";
  }

  /** The name of the bias that masked words' logits have, [vocabulary]. */
  public String wordBias() {
    return tiedHead ? kind.wordHead().bias() : kind.wordHead().decoder() + ".bias";
  }

  @Override
  public List<TensorSpec> tensors() {
    return BertTensors.of(this);
  }

  @Override
  public WeightNames names() {
    return BertTensors.names(this);
  }

  /** A pooler is not told by {@code config.json}, only by the weights. */
  @Override
  public ModelConfig found(WeightSource stored) {
    if (!pooler) return this;
    boolean there = stored.find("pooler.dense.weight") != null
        || stored.find(kind.modelType() + ".pooler.dense.weight") != null;
    return there ? this : withPooler(false);
  }

  @Override
  public ObjectNode toJson(ElementType type) {
    return BertJson.write(this, type);
  }
}
