package dev.kindling.jobs.evaluate;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.evaluate.LabelAccuracy;
import dev.kindling.train.evaluate.Perplexity;
import dev.kindling.train.evaluate.TagAccuracy;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.RowObjective;
import dev.kindling.train.loop.RowObjectives;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.objective.LabelledTexts;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What training measures of a model that is no decoder, on the held-out rows of a dataset:
 *
 * <pre>
 *   a classifier of texts    accuracy and loss, or of numbers the mean squared error     labelled texts
 *   one of words             accuracy, of entities precision, recall and F1, and loss    labelled words
 *   hidden words (BERT)      perplexity of 15 of 100 tokens, hidden as in training       texts
 *   T5                       perplexity of 15 of 100 tokens, cut out in spans of 3       texts
 *                            perplexity of what is to be written                         pairs
 * </pre>
 *
 * What is hidden or cut out of a row is the same each time, and for the default seed what training hides there.
 *
 * @param of what figures are of; @param figures lines of a name and a value
 */
public record Measurement(String of, List<Figure> figures) {
  private static final int BATCH_ROWS = 8;
  private static final long SEED = 1;

  /** @param value as it is printed */
  public record Figure(String name, String value) {}

  /**
   * @param folder an encoder's or a T5's, left open
   * @throws UserError where such a model, or this one on these rows, has nothing that could be measured
   */
  public static Measurement of(ModelFolder folder, PackedDataset heldOut, int threads) {
    HeldOut.refuseVocabulary(heldOut, folder.config().vocabularySize());
    if (folder.config() instanceof T5Config config) {
      refuseLabelled(folder, heldOut);
      boolean pairs = heldOut.info().packingKind() == Packing.SEQUENCE_TO_SEQUENCE;
      RowObjective<Seq2SeqBatch> objective = pairs
          ? RowObjectives.pairs(new SequenceToSequence(config.startToken(), config.padToken()))
          : RowObjectives.spans(ModelTokens.of(folder).spans(config, heldOut), SEED);
      return computed(threads, kernels -> {
        try (T5Model model = T5Model.load(config, folder.weights(), kernels, Precision.FLOAT32)) {
          return perplexity(model, HeldOutRows.of(heldOut, objective),
              pairs ? "what is to be written" : "spans that are cut out");
        }
      });
    }
    BertConfig config = (BertConfig) folder.config();
    HeldOut.refuseLongRows(heldOut, config.contextLength());
    return switch (config.task()) {
      case MASKED_WORDS -> {
        refuseLabelled(folder, heldOut);
        HeldOut.refusePairs(heldOut, config.family());
        RowObjective<EncoderBatch> words = RowObjectives.maskedWords(ModelTokens.of(folder).words(config, heldOut),
            SEED);
        yield computed(threads, kernels -> {
          try (EncoderModel model = EncoderModel.load(config, folder.weights(), kernels, Precision.FLOAT32)) {
            return perplexity(model, HeldOutRows.of(heldOut, words), "tokens that are hidden");
          }
        });
      }
      case CLASSIFY, CLASSIFY_MANY, REGRESS, CLASSIFY_TOKENS -> {
        refuseOtherLabels(folder, config, heldOut);
        yield computed(threads, kernels -> {
          try (EncoderModel model = EncoderModel.load(config, folder.weights(), kernels, Precision.FLOAT32)) {
            return labels(model, heldOut);
          }
        });
      }
      case ENCODE -> throw new UserError("model " + folder.path() + " is a " + config.family()
          + " without a head: it gives embeddings, by kindling predict, and evaluate has no figure for them");
    };
  }

  @FunctionalInterface
  private interface Computation {
    Measurement with(Kernels kernels);
  }

  private static Measurement computed(int threads, Computation computation) {
    try (Kernels kernels = NativeCache.loading(() -> KernelLibraries.best(threads))) {
      return computation.with(kernels);
    }
  }

  private static <B extends MicroBatch> double loss(TapedModel<B> model, HeldOutRows<B> rows) {
    try (Alone alone = new Alone()) {
      return new Perplexity<>(rows, BATCH_ROWS).meanLoss(model, alone);
    }
  }

  private static <B extends MicroBatch> Measurement perplexity(TapedModel<B> model, HeldOutRows<B> rows, String what) {
    return new Measurement(String.format(Locale.ROOT, "perplexity of %s on %,d held-out rows", what, rows.rows()),
        List.of(new Figure("model", String.format(Locale.ROOT, "%.2f", Math.exp(loss(model, rows))))));
  }

  private static Measurement labels(EncoderModel model, PackedDataset heldOut) {
    DatasetLabels labels = heldOut.info().labels();
    HeldOutRows<EncoderBatch> rows = HeldOutRows.of(heldOut, RowObjectives
        .labels(new LabelledTexts(model.config().padToken()), labels, model.config().tokenTypes() > 1));
    Figure loss = new Figure(labels.labelKind() == LabelKind.NUMBER ? "mean squared error" : "loss",
        String.format(Locale.ROOT, "%.4f", loss(model, rows)));
    String texts = String.format(Locale.ROOT, "%,d held-out texts", heldOut.rows());
    if (labels.labelKind() == LabelKind.NUMBER) return new Measurement("numbers of " + texts, List.of(loss));
    try (Alone alone = new Alone()) {
      if (labels.labelKind() == LabelKind.TAGS)
        return words(new TagAccuracy(rows, BATCH_ROWS, labels.names()).of(model, alone), texts, loss);
      LabelAccuracy.Right right = new LabelAccuracy(rows, BATCH_ROWS).of(model, alone);
      return new Measurement("labels of " + texts, List.of(percent("accuracy", right.share(), right.right()), loss));
    }
  }

  private static Measurement words(TagAccuracy.Right right, String texts, Figure loss) {
    List<Figure> figures = new ArrayList<>();
    figures.add(percent("accuracy", right.share(), right.right()));
    right.entities().ifPresent(of -> {
      figures.add(percent("entity precision", of.precision(), of.found()));
      figures.add(percent("entity recall", of.recall(), of.there()));
      figures.add(new Figure("entity F1", String.format(Locale.ROOT, "%.2f%%", 100 * of.f1())));
    });
    figures.add(loss);
    return new Measurement(String.format(Locale.ROOT, "labels of %,d words of %s", right.words(), texts), figures);
  }

  private static Figure percent(String name, double share, long of) {
    return new Figure(name, String.format(Locale.ROOT, "%.2f%% (%,d)", 100 * share, of));
  }

  private static void refuseLabelled(ModelFolder folder, PackedDataset heldOut) {
    if (heldOut.info().labels() != null)
      throw new UserError(
          "the dataset has labelled texts, packing " + heldOut.info().packingKind().label() + ", and model "
              + folder.path() + " is a "
              + folder.config().family() + " without a head for labels: give a dataset of texts");
  }

  private static void refuseOtherLabels(ModelFolder folder, BertConfig config, PackedDataset heldOut) {
    DatasetLabels labels = heldOut.info().labels();
    String model = "model " + folder.path();
    boolean words = config.task() == EncoderTask.CLASSIFY_TOKENS;
    String packing = (words ? Packing.TOKEN_CLASSIFICATION : Packing.CLASSIFICATION).label();
    if (labels == null)
      throw new UserError(model + (words ? " labels tokens" : " labels texts")
          + ", and the dataset has none with labels: give one that prep made with --set packing=" + packing);
    if (!heldOut.info().packingKind().label().equals(packing))
      throw new UserError("the dataset's packing is " + heldOut.info().packingKind().label() + "; for " + model
          + " it must be " + packing);
    LabelKind kind = switch (config.task()) {
      case CLASSIFY -> LabelKind.CLASS;
      case CLASSIFY_MANY -> LabelKind.CLASSES;
      case CLASSIFY_TOKENS -> LabelKind.TAGS;
      default -> LabelKind.NUMBER;
    };
    if (labels.labelKind() != kind)
      throw new UserError("the dataset's labelKind is " + labels.kind() + "; for " + model + " it must be "
          + kind.label());
    boolean same = kind == LabelKind.NUMBER ? config.labels().size() == 1 : labels.names().equals(config.labels());
    if (!same)
      throw new UserError("the dataset's labels are " + labels.names() + ", those of " + model + " " + config.labels()
          + "; they must be the same, in the same order");
  }
}
