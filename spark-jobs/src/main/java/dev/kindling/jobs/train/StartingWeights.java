package dev.kindling.jobs.train;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.jobs.model.ModelPath;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.tensor.Precision;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The models that a run's first step finds: fresh ones, each weight a function of the seed, or those of a folder
 * ({@link TrainedStart}).
 *
 * @param from the folder; empty: fresh
 */
record StartingWeights(String from, long seed, Configuration hadoop, Kernels kernels, Precision precision) {
  static StartingWeights of(PretrainPlan plan, Configuration hadoop, Kernels kernels, Precision precision) {
    return new StartingWeights(plan.config().model().from(), plan.config().train().seed(), hadoop, kernels, precision);
  }

  private boolean isFresh() {
    return from.isEmpty();
  }

  private ModelFolder open() {
    return ModelPath.openResolved(hadoop, new Path(from));
  }

  DecoderModel decoder(DecoderConfig shape) {
    if (isFresh()) return DecoderModel.create(shape, kernels, precision, seed);
    try (ModelFolder model = open()) {
      return DecoderModel.load(shape, model.weights(), kernels, precision);
    }
  }

  /**
   * A head for another task, or for other labels, than the folder's is fresh; a pooler that stands beside it is not, as in
   * transformers.
   */
  EncoderModel encoder(BertConfig shape) {
    if (isFresh()) return EncoderModel.create(shape, kernels, precision, seed);
    try (ModelFolder model = open()) {
      BertConfig trained = (BertConfig) model.config();
      boolean same = trained.task() == shape.task() && trained.labels().equals(shape.labels());
      if (same) return EncoderModel.load(shape, model.weights(), kernels, precision);
      ModelFolder encoder = model.as(trained.encoder());
      return EncoderModel.teach(shape.task(), shape.labels(),
          ((BertConfig) encoder.config()).withDropout(shape.dropout()), encoder.weights(), kernels, precision, seed);
    }
  }

  T5Model t5(T5Config shape) {
    if (isFresh()) return T5Model.create(shape, kernels, precision, seed);
    try (ModelFolder model = open()) {
      return T5Model.load(shape, model.weights(), kernels, precision);
    }
  }
}
