package dev.kindling.train.loop;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.Muon;
import dev.kindling.train.optim.MuonWithAdamW;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A GPT-2 of some thousand parameters, trained by ranks that are threads. */
final class TinyRun {
  static final Gpt2Config CONFIG = Gpt2Config.of(41, 12, 16, 2, 2);
  static final OptimizerRecipe MUON = new MuonWithAdamW.Recipe(Muon.Recipe.of(5e-3, true), AdamW.Recipe.of(1e-3));
  static final BatchSource<Batch> DATA = TinyRun::random;

  /** How a run ended. */
  record Ended(String weightsSha256, float[] weights, TrainingResult result) {}

  private TinyRun() {
  }

  /** Rows of unequal lengths, with padding and labels that do not count. */
  static Batch random(long step, int virtualRank, int accumulation) {
    Random random = new Random(step * 1_000_003 + virtualRank * 1_009L + accumulation);
    int rows = 2;
    int time = 9;
    int[] inputs = new int[rows * time];
    int[] targets = new int[rows * time];
    int[] lengths = new int[rows];
    for (int row = 0; row < rows; row++) {
      lengths[row] = 1 + random.nextInt(time);
      for (int t = 0; t < time; t++) {
        boolean counts = t < lengths[row] && random.nextInt(4) > 0;
        inputs[row * time + t] = random.nextInt(CONFIG.vocabularySize());
        targets[row * time + t] = counts ? random.nextInt(CONFIG.vocabularySize()) : Kernels.IGNORED;
      }
    }
    return new Batch(rows, time, inputs, targets, lengths, new long[rows]);
  }

  /** What a run came to that was stopped; between two meetings its ranks may have different weights. */
  record Stopped(long step) {}

  /** Trains with checkpoints in a folder, and does not ask whether the ranks agree. */
  static Stopped stopped(int worldSize, RunOptions options, java.nio.file.Path folder) {
    return stopped(worldSize, options, Precision.FLOAT32, folder);
  }

  static Stopped stopped(int worldSize, RunOptions options, Precision precision, java.nio.file.Path folder) {
    long[] step = new long[worldSize];
    var ranks = InProcess.ranks(worldSize, options.virtualRanks());
    Checkpoints checkpoints = in(folder);
    Ranks.run(worldSize, rank -> {
      try (Kernels kernels = PlainKernels.of(1);
          LanguageModel model = DecoderModel.create(CONFIG, kernels, precision, 1)) {
        step[rank] = new TrainingLoop(model, kernels, ranks.get(rank), DATA, options).saving(checkpoints).run().step();
      }
    });
    return new Stopped(step[0]);
  }

  static Ended train(int worldSize, RunOptions options) {
    return train(worldSize, options, Precision.FLOAT32, 1, DATA, loop -> loop);
  }

  static Ended train(int worldSize, RunOptions options, Precision precision, int threads, BatchSource<Batch> data,
      UnaryOperator<TrainingLoop> more) {
    return train(worldSize, options, precision, threads, data, (loop, model) -> more.apply(loop));
  }

  /** @param more what else a rank wants of its loop, given its model */
  static Ended train(int worldSize, RunOptions options, Precision precision, int threads, BatchSource<Batch> data,
      BiFunction<TrainingLoop, LanguageModel, TrainingLoop> more) {
    return train(CONFIG, worldSize, options, precision, threads, data, more);
  }

  /** @param config {@link #CONFIG}, or with dropout */
  static Ended train(Gpt2Config config, int worldSize, RunOptions options, Precision precision, int threads,
      BatchSource<Batch> data, BiFunction<TrainingLoop, LanguageModel, TrainingLoop> more) {
    Ended[] ended = new Ended[worldSize];
    var ranks = InProcess.ranks(worldSize, options.virtualRanks());
    Ranks.run(worldSize, rank -> {
      try (Kernels kernels = PlainKernels.of(threads);
          LanguageModel model = DecoderModel.create(config, kernels, precision, 1)) {
        TrainingLoop loop = new TrainingLoop(model, kernels, ranks.get(rank), data, options);
        TrainingResult result = more.apply(loop, model).run();
        ended[rank] = new Ended(WeightsHash.sha256(model.weightSource()), model.weights().toFloats(),
            result);
      }
    });
    for (Ended each : ended) {
      if (!each.weightsSha256().equals(ended[0].weightsSha256())) throw new AssertionError("ranks differ in weights");
    }
    return ended[0];
  }

  /** The name of the newest one that is whole. */
  static Optional<String> newest(Checkpoints checkpoints) {
    return checkpoints.candidates().stream().filter(name -> checkpoints.isWhole(name, 0, 1)).findFirst();
  }

  /** The newest attempt's checkpoints in a folder. */
  static Checkpoints in(java.nio.file.Path folder) {
    Path path = new Path(folder.toUri());
    try {
      long attempt = new CheckpointStore(new Configuration(), path).claimEpoch();
      return new FolderCheckpoints(new Configuration(), path, attempt, CONFIG, TokenizerFiles.none(), Retention.last(2),
          Json.object());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
