package dev.kindling.checkpoint;

import java.util.ArrayList;
import java.util.List;

/** The tensors of {@link BertConfig}'s models by the names that their families have for them. */
final class BertTensors {
  private final BertConfig config;
  private final List<TensorSpec> all = new ArrayList<>();

  private BertTensors(BertConfig config) {
    this.config = config;
  }

  static List<TensorSpec> of(BertConfig config) {
    BertTensors tensors = new BertTensors(config);
    tensors.addEncoder();
    tensors.addHead();
    return tensors.all;
  }

  /**
   * The first files have {@code gamma} and {@code beta} for a norm's weight and bias. BERT's own carry the head that says
   * whether two sentences follow each other, many a pooler that nobody asked for, and most the numbers of the positions.
   */
  static WeightNames names(BertConfig config) {
    String family = config.kind().modelType() + ".";
    BertFamily.WordHead head = config.kind().wordHead();
    String twin = (config.tiedHead() ? head.decoder() + ".bias" : head.bias()).replace(".", "\\.");
    return WeightNames
        .of(config.prefix(), config.prefix() + "embeddings.word_embeddings.weight", head.decoder() + ".weight")
        .ignoring(
            "(" + config.kind().modelType() + "\\.)*(embeddings\\.(position_ids|token_type_ids)|pooler\\.dense\\..*"
                + "|cls\\.seq_relationship\\..*|" + twin + ")")
        .spelled(name -> {
          String bare = config.prefix().isEmpty() && name.startsWith(family) ? name.substring(family.length()) : name;
          if (bare.endsWith(".gamma")) return bare.substring(0, bare.length() - "gamma".length()) + "weight";
          if (bare.endsWith(".beta")) return bare.substring(0, bare.length() - "beta".length()) + "bias";
          return bare;
        });
  }

  private void addEncoder() {
    String embeddings = config.prefix() + "embeddings.";
    int width = config.width();
    all.add(TensorSpec.float32(embeddings + "word_embeddings.weight", config.vocabularySize(), width));
    all.add(TensorSpec.float32(embeddings + "position_embeddings.weight", config.positions(), width));
    if (config.tokenTypes() > 0) {
      all.add(TensorSpec.float32(embeddings + "token_type_embeddings.weight", config.tokenTypes(), width));
    }
    addNorm(embeddings + "LayerNorm");
    BertFamily.Layer names = config.kind().layer();
    for (int n = 0; n < config.layers(); n++) {
      String layer = config.prefix() + names.list() + "." + n + ".";
      addMatrix(layer + names.query(), width, width);
      addMatrix(layer + names.key(), width, width);
      addMatrix(layer + names.value(), width, width);
      addMatrix(layer + names.output(), width, width);
      addNorm(layer + names.attentionNorm());
      addMatrix(layer + names.up(), config.innerWidth(), width);
      addMatrix(layer + names.down(), width, config.innerWidth());
      addNorm(layer + names.outputNorm());
    }
  }

  private void addHead() {
    int width = config.width();
    if (config.task() == EncoderTask.ENCODE) {
      if (config.pooler()) addMatrix("pooler.dense", width, width);
    } else if (config.task() == EncoderTask.MASKED_WORDS) {
      addWordHead(config.kind().wordHead());
    } else {
      BertFamily.ClassHead names = config.kind().classHead();
      if (config.task().ofSequences()) addMatrix(names.dense(), width, width);
      addMatrix(config.labelsMatrix(), config.labels().size(), width);
    }
  }

  private void addWordHead(BertFamily.WordHead names) {
    addMatrix(names.dense(), config.width(), config.width());
    addNorm(names.norm());
    all.add(TensorSpec.float32(config.wordBias(), config.vocabularySize()));
    if (!config.tiedHead()) {
      all.add(TensorSpec.float32(names.decoder() + ".weight", config.vocabularySize(), config.width()));
    }
  }

  private void addMatrix(String name, long out, long in) {
    all.add(TensorSpec.float32(name + ".weight", out, in));
    all.add(TensorSpec.float32(name + ".bias", out));
  }

  private void addNorm(String name) {
    all.add(TensorSpec.float32(name + ".weight", config.width()));
    all.add(TensorSpec.float32(name + ".bias", config.width()));
  }
}
