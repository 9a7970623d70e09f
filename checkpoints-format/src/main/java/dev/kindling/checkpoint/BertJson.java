package dev.kindling.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** {@link BertConfig} from and to {@code config.json}; DistilBERT has other keys for the same things. */
final class BertJson {
  private BertJson() {
  }

  private record Keys(String width, String layers, String heads, String inner, String activation) {
    static Keys of(BertFamily kind) {
      return kind == BertFamily.DISTILBERT
          ? new Keys("dim", "n_layers", "n_heads", "hidden_dim", "activation")
          : new Keys("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act");
    }
  }

  static BertConfig parse(ConfigKeys keys, BertFamily kind) {
    boolean distil = kind == BertFamily.DISTILBERT;
    keys.only("is_decoder", false);
    keys.only("add_cross_attention", false);
    if (distil) keys.only("sinusoidal_pos_embds", false);
    else keys.oneOf("position_embedding_type", "absolute", "absolute");
    Keys names = Keys.of(kind);
    EncoderTask task = task(keys, kind);
    int pad = keys.present("pad_token_id") ? keys.token("pad_token_id") : kind == BertFamily.ROBERTA ? 1 : 0;
    int width = keys.positive(names.width());
    String activation = keys.oneOf(names.activation(), "gelu", ActivationFunction.names().toArray(new String[0]));
    return new BertConfig(kind, task, keys.positive("vocab_size"), keys.positive("max_position_embeddings", 512),
        distil ? 0 : keys.positive("type_vocab_size", 2), width, keys.positive(names.layers()),
        keys.positive(names.heads()), keys.positive(names.inner(), (int) Math.min(4L * width, Integer.MAX_VALUE)),
        ActivationFunction.named(activation), distil ? 1e-12f : keys.positive("layer_norm_eps", 1e-12f),
        keys.positive("initializer_range", 0.02f), keys.flag("tie_word_embeddings", true),
        task == EncoderTask.ENCODE && !distil, pad, keys.token("bos_token_id"), keys.tokens("eos_token_id"),
        task.hasLabels() ? keys.labels() : List.of(), dropout(keys, distil));
  }

  private static DropoutRates dropout(ConfigKeys keys, boolean distil) {
    float hidden = keys.share(distil ? "dropout" : "hidden_dropout_prob", 0.1f);
    float attention = keys.share(distil ? "attention_dropout" : "attention_probs_dropout_prob", 0.1f);
    float labels = -1;                           // null: as the hidden states
    if (distil) labels = keys.share("seq_classif_dropout", 0.2f);
    else if (keys.present("classifier_dropout")) labels = keys.share("classifier_dropout", 0);
    return new DropoutRates(hidden, hidden, attention, labels);
  }

  /** Of the class that saved it; without one an encoder without head. */
  private static EncoderTask task(ConfigKeys keys, BertFamily kind) {
    String name = kind.className();
    List<String> allowed = new ArrayList<>();
    for (EncoderTask t : EncoderTask.values()) {
      if (!allowed.contains(name + t.suffix())) allowed.add(name + t.suffix());
    }
    // BERT's first files: masked words, and whether the second sentence follows the first, which is not read
    if (kind == BertFamily.BERT) allowed.add("BertForPreTraining");
    String saved = keys.first("architectures", name + EncoderTask.ENCODE.suffix(), allowed);
    if (saved.endsWith("ForPreTraining")) return EncoderTask.MASKED_WORDS;
    if (saved.endsWith(EncoderTask.CLASSIFY.suffix())) {
      String otherwise = keys.labels().size() == 1 ? EncoderTask.REGRESS.problem() : EncoderTask.CLASSIFY.problem();
      return EncoderTask.ofProblem(keys.oneOf("problem_type", otherwise, EncoderTask.CLASSIFY.problem(),
          EncoderTask.CLASSIFY_MANY.problem(), EncoderTask.REGRESS.problem()));
    }
    for (EncoderTask t : EncoderTask.values()) if (saved.equals(name + t.suffix())) return t;
    throw new IllegalStateException(saved);
  }

  static ObjectNode write(BertConfig config, ElementType type) {
    boolean distil = config.kind() == BertFamily.DISTILBERT;
    Keys names = Keys.of(config.kind());
    ConfigJson json = new ConfigJson(config.kind().className() + config.task().suffix(), config.family());
    json.put("vocab_size", config.vocabularySize());
    json.put("max_position_embeddings", config.positions()).put(names.width(), config.width());
    json.put(names.layers(), config.layers()).put(names.heads(), config.heads());
    json.put(names.inner(), config.innerWidth()).put(names.activation(), config.activation().hubName());
    if (!distil) {
      json.put("type_vocab_size", config.tokenTypes());
      json.decimal("layer_norm_eps", config.layerNormEpsilon());
    }
    json.decimal("initializer_range", config.initializerRange());
    json.put("tie_word_embeddings", config.tiedHead());
    writeDropout(config.dropout(), distil, json);
    if (config.task().problem() != null) json.put("problem_type", config.task().problem());
    if (config.task().hasLabels()) {
      ObjectNode byId = json.object().putObject("id2label");
      ObjectNode byName = json.object().putObject("label2id");
      for (int i = 0; i < config.labels().size(); i++) {
        byId.put(Integer.toString(i), config.labels().get(i));
        byName.put(config.labels().get(i), i);
      }
    }
    json.token("pad_token_id", config.padToken()).token("bos_token_id", config.beginToken());
    json.tokens("eos_token_id", config.endTokens());
    return json.stored(type);
  }

  private static void writeDropout(DropoutRates rates, boolean distil, ConfigJson json) {
    if (distil) {
      json.decimal("dropout", rates.residual()).decimal("attention_dropout", rates.attention());
      json.decimal("seq_classif_dropout", rates.ofLabels());
      return;
    }
    json.decimal("hidden_dropout_prob", rates.residual()).decimal("attention_probs_dropout_prob", rates.attention());
    if (rates.labelsAsResidual()) json.object().putNull("classifier_dropout");
    else json.decimal("classifier_dropout", rates.labels());
  }
}
