package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.evaluate.Perplexity;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.FolderCheckpoints;
import dev.kindling.train.loop.LossPoint;
import dev.kindling.train.loop.PackedBatches;
import dev.kindling.train.loop.ProgressLine;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.TrainingLoop;
import dev.kindling.train.loop.TrainingResult;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.profile.Ceilings;
import dev.kindling.train.profile.Product;
import dev.kindling.train.profile.Profile;
import dev.kindling.train.profile.ProfiledCommunicator;
import dev.kindling.train.profile.ProfiledKernels;
import dev.kindling.train.profile.RankProfile;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.apache.hadoop.fs.Path;

/** What one rank of a pre-training run does: make everything that a {@link TrainingLoop} needs, and run it. */
final class PretrainRank {
  private PretrainRank() {
  }

  /** How the rank ended. */
  record Ending(long step, boolean finished, ArrayList<LossPoint> history, long tokens, double tokensPerSecond,
      String kernels, String precision, long parameters, ArrayList<RankProfile> profile) implements Serializable {}

  static Ending run(PretrainConfig config, Rank rank) throws IOException {
    PretrainPlan plan = PretrainPlan.of(config, rank.conf());
    MemoryNeed.of(plan, rank.worldSize()).refuseUnlessItFits(1);
    boolean plain = config.cluster().kernels() == KernelChoice.PLAIN;
    try (Kernels kernels = NativeCache
        .loading(() -> plain ? KernelLibraries.plain(rank.threads()) : KernelLibraries.best(rank.threads()))) {
      Precision precision = agree(config, rank, kernels);
      Optional<Profile> profile = config.profile().enabled() ? Optional.of(new Profile()) : Optional.empty();
      Kernels timed = profile.map(p -> ProfiledKernels.of(kernels, p)).orElse(kernels);
      ArrayList<RankProfile> found = new ArrayList<>();
      try (DecoderModel model = DecoderModel.create(plan.model(), timed, precision, config.train().seed())) {
        TrainingLoop loop = loop(plan, rank, timed, precision, model, profile);
        TrainingResult result = loop.run();
        profile.ifPresent(p -> found.add(p.ended(rank.rank(), ceilings(rank, kernels))));
        return new Ending(result.step(), result.finished(), new ArrayList<>(result.history()), result.tokens(),
            result.tokensPerSecond(), kernels.describe(), precision.name(), model.layout().count(), found);
      }
    }
  }

  /** Measured on the first rank only: its operations are told. */
  private static ToDoubleFunction<Product> ceilings(Rank rank, Kernels kernels) {
    return rank.rank() == 0 ? new Ceilings(kernels)::of : product -> 0;
  }

  private static TrainingLoop loop(PretrainPlan plan, Rank rank, Kernels kernels, Precision precision,
      DecoderModel model, Optional<Profile> profile) {
    PretrainConfig config = plan.config();
    RunOptions options = plan.options(precision);
    PackedBatches batches = new PackedBatches(plan.training(rank.conf()), options, config.train().epochs());
    Communicator communicator = profile.<Communicator>map(p -> new ProfiledCommunicator(rank.communicator(), p))
        .orElse(rank.communicator());
    TrainingLoop loop = new TrainingLoop(model, kernels, communicator, batches, options)
        .saving(checkpoints(plan, rank)).telling(new ProgressLine(rank.driver()::say));
    plan.heldOut(rank.conf()).map(HeldOutRows::of)
        .ifPresent(rows -> loop.evaluating(new Perplexity(rows, config.train().evaluationRows()).of(model)));
    if (config.average().evaluate()) loop.evaluatingAverages();
    profile.ifPresent(loop::timing);
    return loop;
  }

  private static FolderCheckpoints checkpoints(PretrainPlan plan, Rank rank) {
    CheckpointSettings keep = plan.config().checkpoints();
    ObjectNode details = Json.object();
    details.putObject("dataset").put("path", plan.config().dataset()).put("fingerprint", plan.dataset().fingerprint())
        .put("tokenizer", plan.dataset().tokenizer());
    details.put("configuration", plan.config().toString()).put("ranks", rank.worldSize());
    return new FolderCheckpoints(rank.conf(), new Path(plan.config().run()), rank.epoch(), plan.model(),
        plan.tokenizer(rank.conf()), new Retention(keep.keepLast(), keep.keepEvery()), details);
  }

  /**
   * The precision that all ranks use: a run that goes on keeps its own; AUTO is bf16 where every rank's processor is fast at
   * it. Ranks that compute with different kernels are told of, as the bits may then depend on who computes what.
   */
  private static Precision agree(PretrainConfig config, Rank rank, Kernels kernels) throws IOException {
    PrecisionChoice choice = config.train().precision();
    String known = rank.rank() == 0 && choice == PrecisionChoice.AUTO ? stored(config, rank) : "";
    String mine = kernels.fastBfloat16() + ";" + known + ";" + kernels.describe();
    List<String[]> all = new ArrayList<>();
    for (byte[] b : rank.communicator().allGather(mine.getBytes(StandardCharsets.UTF_8))) {
      all.add(new String(b, StandardCharsets.UTF_8).split(";", 3));
    }
    List<String> kinds = all.stream().map(a -> a[2]).distinct().toList();
    if (rank.rank() == 0) {
      rank.driver().say("computes with " + String.join(" and ", kinds)
          + (kinds.size() > 1 ? ": with other executors the bits of the result may differ" : ""));
    }
    if (choice != PrecisionChoice.AUTO) return Precision.valueOf(choice.name());
    if (!all.get(0)[1].isEmpty()) return Precision.valueOf(all.get(0)[1]);
    return all.stream().allMatch(a -> Boolean.parseBoolean(a[0])) ? Precision.BFLOAT16 : Precision.FLOAT32;
  }

  /** The precision of the run that is there already; empty where there is none. */
  private static String stored(PretrainConfig config, Rank rank) throws IOException {
    return new RunFolder(rank.conf(), new Path(config.run())).started()
        .map(started -> started.identity().getOrDefault(PretrainPlan.PRECISION, "")).orElse("");
  }
}
