package dev.kindling.jobs.train;

import dev.kindling.checkpoint.ActivationFunction;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.DatasetLabels;
import java.util.List;

/** Whole configurations of BERT's kin and of T5 from the few settings of {@link ModelSettings}. */
final class EncoderShape {
  private EncoderShape() {
  }

  /**
   * Masked words with a tied decoder. RoBERTa's positions are counted from behind the padding token's id, and padding within a
   * text has that id for a position: there the end of text, a small id, stands for it, not the token behind all others.
   *
   * @param context most tokens of a text; @throws UserError where a RoBERTa's position table would be mostly unused
   */
  static BertConfig bert(ModelSettings model, BertFamily kind, ExtraTokens extra, int context, int endOfText) {
    BertConfig usual = BertConfig.of(extra.vocabulary(), context, model.width(), model.layers(), model.heads());
    boolean behindPadding = kind == BertFamily.ROBERTA;
    if (behindPadding && endOfText >= context) {
      throw new UserError("model.family is roberta, whose position table begins behind the end of text's id, here "
          + endOfText + "; use bert, or a dataset whose tokenizer prep has trained: there the id is 0");
    }
    int pad = behindPadding ? endOfText : extra.id("[PAD]");
    int positions = behindPadding ? Math.addExact(context, pad + 1) : context;
    int types = switch (kind) {
      case BERT -> 2;
      case ROBERTA -> 1;
      case DISTILBERT -> 0;
    };
    return new BertConfig(kind, EncoderTask.MASKED_WORDS, extra.vocabulary(), positions, types, model.width(),
        model.layers(), model.heads(), model.innerWidth() == 0 ? usual.innerWidth() : model.innerWidth(),
        ActivationFunction.GELU, usual.layerNormEpsilon(), usual.initializerRange(), true, false, pad, -1,
        List.of(endOfText),
        List.of());
  }

  /** The same encoder under a head for a dataset's labels; a number's has Hugging Face's usual name. */
  static BertConfig labelled(BertConfig model, DatasetLabels labels) {
    return switch (labels.labelKind()) {
      case CLASS -> model.forTask(EncoderTask.CLASSIFY, labels.names());
      case CLASSES -> model.forTask(EncoderTask.CLASSIFY_MANY, labels.names());
      case TAGS -> model.forTask(EncoderTask.CLASSIFY_TOKENS, labels.names());
      case NUMBER -> model.forTask(EncoderTask.REGRESS, List.of("LABEL_0"));
    };
  }

  /** @param newer version 1.1, else 1.0 */
  static T5Config t5(ModelSettings model, boolean newer, ExtraTokens extra, int context, int endOfText) {
    int head = model.headWidth() == 0 ? model.width() / model.heads() : model.headWidth();
    int inner = model.innerWidth() == 0 ? 4 * model.width() : model.innerWidth();
    T5Config first = T5Config.of(extra.vocabulary(), model.width(), head, inner, model.layers(), model.heads());
    int pad = extra.id("<pad>");
    T5Config own = new T5Config(first.vocabularySize(), context, first.width(), head, inner, first.layers(),
        first.decoderLayers(), first.heads(), first.buckets(), first.maxDistance(), first.layerNormEpsilon(),
        first.activation(), false, true, true, first.initializerFactor(), pad, pad, List.of(endOfText));
    return newer ? own.version11() : own;
  }
}
