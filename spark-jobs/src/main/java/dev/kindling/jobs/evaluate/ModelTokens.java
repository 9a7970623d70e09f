package dev.kindling.jobs.evaluate;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.model.SpecialTokens;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.objective.SpanCorruption;
import java.util.HashSet;
import java.util.Set;

/** The special tokens of a model's tokenizer, with which objectives hide what is to be said. */
record ModelTokens(SpecialTokens special) {
  private static final String INSTEAD = "give the tokenizer that it was trained with";

  static ModelTokens of(ModelFolder folder) {
    String json = folder.tokenizerJson().orElseThrow(() -> new UserError("model " + folder.path() + " has no "
        + ModelFolder.TOKENIZER + "; which of its tokens hides others is not known without one"));
    return new ModelTokens(SpecialTokens.of(json, folder.path() + "/" + ModelFolder.TOKENIZER));
  }

  private int id(String... names) {
    for (String name : names) if (special.ids().containsKey(name)) return special.ids().get(name);
    throw new UserError(special.where() + " has no special token " + String.join(" or ", names)
        + ", with which the model would be measured; " + INSTEAD);
  }

  MaskedWords words(BertConfig config, PackedDataset rows) {
    Set<Integer> kept = new HashSet<>(special.ids().values());
    kept.add(rows.info().endOfText());
    return new MaskedWords(id("[MASK]", "<mask>"), Math.max(0, config.padToken()), rows.info().vocabularySize(), kept,
        MaskedWords.SHARE);
  }

  SpanCorruption spans(T5Config config, PackedDataset rows) {
    special.refuseScatteredSentinels(INSTEAD);
    SpanCorruption spans = new SpanCorruption(SpanCorruption.DENSITY, SpanCorruption.MEAN_SPAN,
        id(SpecialTokens.sentinel(0)), SpanCorruption.SENTINELS, rows.info().endOfText(),
        new SequenceToSequence(config.startToken(), config.padToken()));
    spans.refuseUnlessSentinelsSuffice(rows.sequenceLength());
    return spans;
  }
}
