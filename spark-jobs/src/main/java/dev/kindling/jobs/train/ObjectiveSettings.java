package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.pack.Packing;
import dev.kindling.jobs.model.SpecialTokens;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.objective.SpanCorruption;
import java.io.Serializable;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * What a model is trained towards. It follows from the model's family: a decoder says the next token, BERT's kin say which
 * tokens were hidden, T5 writes the spans that were cut out. Of a dataset of labelled texts, or words, BERT's kin say the labels; of one of pairs
 * T5 writes what belongs to what it has read.
 *
 * @param kind AUTO, or the only one by its name
 * @param documents of a packed row, where the next token is said
 * @param maskedShare of a text's tokens that are hidden
 * @param density of a text's tokens that are cut out; @param meanSpan mean length of what is cut out, in tokens
 */
public record ObjectiveSettings(Kind kind, Documents documents, double maskedShare, double density, double meanSpan)
    implements
      Serializable {
  public enum Kind {
    AUTO, NEXT_TOKEN, MASKED_WORDS, SPAN_CORRUPTION, CLASSIFICATION, TOKEN_CLASSIFICATION, SEQUENCE_TO_SEQUENCE
  }

  /** TOGETHER: a row is one text, as GPT-2 learned; APART: attention and positions begin anew with each document. */
  public enum Documents {
    TOGETHER, APART
  }

  public ObjectiveSettings {
    require(maskedShare > 0 && maskedShare < 1, "objective.maskedShare", maskedShare,
        "above 0 and below 1, such as 0.15");
    require(density > 0 && density < 1, "objective.density", density, "above 0 and below 1, such as 0.15");
    require(meanSpan >= 1, "objective.meanSpan", meanSpan, "1 or more tokens, such as 3");
  }

  /** The papers' shares: 15 of 100 tokens, in spans of 3. */
  public static ObjectiveSettings defaults() {
    return new ObjectiveSettings(Kind.AUTO, Documents.TOGETHER, MaskedWords.SHARE, SpanCorruption.DENSITY,
        SpanCorruption.MEAN_SPAN);
  }

  /** @throws dev.kindling.checkpoint.UserError where the family learns something else from rows that are packed so */
  void refuseUnlessOf(ModelFamily family, Packing packing) {
    boolean labelled = packing.isLabelled();
    require(!labelled || family.objective() == Kind.MASKED_WORDS, "model.family", name(family),
        "bert, roberta or distilbert: the dataset's packing is " + packing.label());
    boolean pairs = packing == Packing.SEQUENCE_TO_SEQUENCE;
    require(!pairs || family.objective() == Kind.SPAN_CORRUPTION, "model.family", name(family),
        "t5 or t5-v1-1: the dataset's packing is sequence-to-sequence");
    Kind only = labelled || pairs ? Kind.valueOf(packing.name()) : family.objective();
    require(kind == Kind.AUTO || kind == only, "objective.kind", name(kind), "auto or " + name(only)
        + " with model.family " + name(family) + " and a dataset whose packing is " + packing.label());
    require(documents == Documents.TOGETHER || family.objective() == Kind.NEXT_TOKEN, "objective.documents",
        name(documents), "together with model.family " + name(family));
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  MaskedWords maskedWords(ExtraTokens extra, int endOfText) {
    Set<Integer> special = new HashSet<>(extra.special());
    special.add(endOfText);
    return new MaskedWords(extra.id("[MASK]"), extra.id("[PAD]"), extra.first(), special, maskedShare);
  }

  SpanCorruption spans(ExtraTokens extra, int endOfText) {
    int pad = extra.id("<pad>");
    return new SpanCorruption(density, meanSpan, extra.id(SpecialTokens.sentinel(0)), SpanCorruption.SENTINELS,
        endOfText,
        new SequenceToSequence(pad, pad));
  }
}
