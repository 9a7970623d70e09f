package dev.kindling.train.loop;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.tensor.Precision;
import java.util.List;

/** Says which kernels there are, and the losses of the first three steps of a model of each kind. */
final class FirstLosses {
  static final String KERNELS = "computes with ";
  static final String LOSS = "loss ";

  private FirstLosses() {
  }

  static List<SmallModel<?>> models() {
    return List.of(SmallModel.decoder(Gpt2Config.of(200, 32, 32, 2, 4), 2, 32),
        SmallModel.decoder(LlamaConfig.of(LlamaFamily.LLAMA, 200, 32, 32, 2, 4, 2, 64), 2, 32),
        SmallModel.decoder(LlamaConfig.of(LlamaFamily.MIXTRAL, 200, 32, 32, 2, 4, 2, 64), 2, 32),
        SmallModel.encoder(BertConfig.of(200, 32, 32, 2, 4), 2, 32),
        SmallModel.t5(T5Config.of(300, 32, 8, 64, 2, 4), 2, 32));
  }

  public static void main(String[] arguments) {
    try (Kernels kernels = KernelLibraries.best(1)) {
      System.out.println(KERNELS + kernels.describe());
      models().forEach(small -> train(small, kernels));
    }
  }

  private static <B extends MicroBatch> void train(SmallModel<B> small, Kernels kernels) {
    RunOptions options = RunOptions.of(3, AdamW.Recipe.of(1e-3)).virtualRanks(1).logEvery(1).build();
    try (TrainableModel<B> model = small.created().make(kernels, Precision.FLOAT32)) {
      new TrainingLoop(model, kernels, new Alone(), small.batches(), options).telling(new TrainingListener() {
        @Override
        public void progressed(Progress progress) {
          System.out.println(LOSS + progress.loss());
        }
      }).run();
    }
  }
}
