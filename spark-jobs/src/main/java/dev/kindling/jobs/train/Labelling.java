package dev.kindling.jobs.train;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.evaluate.LabelAccuracy;
import dev.kindling.train.evaluate.Perplexity;
import dev.kindling.train.evaluate.TagAccuracy;
import dev.kindling.train.loop.Evaluation;
import dev.kindling.train.loop.RowObjective;
import dev.kindling.train.loop.RowObjectives;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.objective.LabelledTexts;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** How a model of BERT's kin learns what texts, or their words, are labelled with. */
record Labelling(DatasetLabels labels, BertConfig model) {
  private LabelledTexts texts() {
    return new LabelledTexts(model.padToken());
  }

  private boolean hasTypes() {
    return model.tokenTypes() > 1;
  }

  RowObjective<EncoderBatch> objective() {
    return RowObjectives.labels(texts(), labels, hasTypes());
  }

  /** A batch of given texts, whatever they are labelled with. */
  EncoderBatch planned(List<int[]> rows, long[] sampleIds) {
    EncoderBatch batch = switch (labels.labelKind()) {
      case CLASS -> texts().classes(rows, new int[rows.size()], sampleIds);
      case CLASSES, NUMBER -> texts().scores(rows,
          Collections.nCopies(rows.size(), new float[model.labels().size()]), sampleIds);
      case TAGS -> texts().tokens(rows, rows.stream().map(row -> new int[row.length]).toList(), sampleIds);
    };
    return hasTypes() ? batch.withSeconds(new int[rows.size()]) : batch;
  }

  /** The mean loss; the first rank says besides how many texts or words are labelled rightly, where labels are classes. */
  Evaluation evaluation(EncoderModel trained, HeldOutRows<EncoderBatch> rows, int batchRows, Rank rank) {
    Evaluation loss = new Perplexity<>(rows, batchRows).of(trained);
    if (labels.labelKind() == LabelKind.NUMBER) return loss;
    return (communicator, watch) -> {
      OptionalDouble mean = loss.meanLoss(communicator, watch);
      if (mean.isEmpty()) return mean;
      List<String> told = labels.labelKind() == LabelKind.TAGS
          ? told(new TagAccuracy(rows, batchRows, labels.names()).of(trained, communicator))
          : told(new LabelAccuracy(rows, batchRows).of(trained, communicator));
      if (rank.rank() == 0) told.forEach(rank.driver()::say);
      return mean;
    };
  }

  private static List<String> told(LabelAccuracy.Right right) {
    return List.of(accuracy(right.share(), right.right(), right.texts(), "texts"));
  }

  private static List<String> told(TagAccuracy.Right right) {
    String accuracy = accuracy(right.share(), right.right(), right.words(), "words");
    return right.entities().map(of -> List.of(accuracy, String.format(Locale.ROOT,
        "held-out entities: F1 %.2f%%, precision %.2f%% of %,d that were found, recall %.2f%% of %,d that are there",
        100 * of.f1(), 100 * of.precision(), of.found(), 100 * of.recall(), of.there()))).orElse(List.of(accuracy));
  }

  private static String accuracy(double share, long right, long all, String what) {
    return String.format(Locale.ROOT, "held-out accuracy %.2f%%: %,d of %,d %s", 100 * share, right, all, what);
  }

  /** What is said of a mean loss on held-out rows: of numbers it is the mean squared error. */
  String told(double loss) {
    return String.format(Locale.ROOT, labels.labelKind() == LabelKind.NUMBER ? "mean squared error %.4f" : "loss %.4f",
        loss);
  }
}
