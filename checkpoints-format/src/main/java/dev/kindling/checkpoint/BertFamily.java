package dev.kindling.checkpoint;

/** BERT and its kin: one encoder, other names for its tensors and other small heads. */
public enum BertFamily {
  /** Devlin et al. 2019, arXiv:1810.04805. */
  BERT("bert", "Bert", new Layer("encoder.layer", "attention.self.query", "attention.self.key", "attention.self.value",
      "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense",
      "output.LayerNorm"),
      new WordHead("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias",
          "cls.predictions.decoder"),
      new ClassHead("bert.pooler.dense", Activated.TANH, "classifier")),
  /** Liu et al. 2019, arXiv:1907.11692: positions are counted from behind the padding token's id. */
  ROBERTA("roberta", "Roberta", BERT.layer,
      new WordHead("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder"),
      new ClassHead("classifier.dense", Activated.TANH, "classifier.out_proj")),
  /** Sanh et al. 2019, arXiv:1910.01108: half the layers, no token types, no pooler. */
  DISTILBERT("distilbert", "DistilBert", new Layer("transformer.layer", "attention.q_lin", "attention.k_lin",
      "attention.v_lin", "attention.out_lin", "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm"),
      new WordHead("vocab_transform", "vocab_layer_norm", "vocab_projector.bias", "vocab_projector"),
      new ClassHead("pre_classifier", Activated.RELU, "classifier"));

  /** Names within an encoder layer; each is followed by {@code .weight} and {@code .bias}. @param list of the layers */
  public record Layer(String list, String query, String key, String value, String output, String attentionNorm,
      String up, String down, String outputNorm) {}

  /** Names of the masked language model's head. @param decoder which is the word embedding where the two are tied */
  public record WordHead(String dense, String norm, String bias, String decoder) {}

  /** What the first token's hidden state goes through before the labels' matrix. */
  public enum Activated {
    TANH, RELU
  }

  /** Names of the head over whole sequences. @param out the labels' matrix */
  public record ClassHead(String dense, Activated activation, String out) {}

  private final String modelType;
  private final String className;
  private final Layer layer;
  private final WordHead wordHead;
  private final ClassHead classHead;

  BertFamily(String modelType, String className, Layer layer, WordHead wordHead, ClassHead classHead) {
    this.modelType = modelType;
    this.className = className;
    this.layer = layer;
    this.wordHead = wordHead;
    this.classHead = classHead;
  }

  /** {@code model_type} in {@code config.json}, and what the encoder's tensors begin with where there is a head. */
  public String modelType() {
    return modelType;
  }

  /** What the names of its classes begin with, such as {@code Bert} in {@code BertForMaskedLM}. */
  String className() {
    return className;
  }

  public Layer layer() {
    return layer;
  }

  public WordHead wordHead() {
    return wordHead;
  }

  public ClassHead classHead() {
    return classHead;
  }
}
