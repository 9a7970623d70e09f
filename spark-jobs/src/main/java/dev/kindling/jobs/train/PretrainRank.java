package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.data.chat.ChatTemplate;
import dev.kindling.data.pack.Packing;
import dev.kindling.jobs.config.ResolvedYaml;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.evaluate.Perplexity;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.BackgroundCheckpoints;
import dev.kindling.train.loop.Checkpoints;
import dev.kindling.train.loop.Evaluation;
import dev.kindling.train.loop.FolderCheckpoints;
import dev.kindling.train.loop.LossPoint;
import dev.kindling.train.loop.PackedBatches;
import dev.kindling.train.loop.RowObjective;
import dev.kindling.train.loop.RowObjectives;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.TrainingLoop;
import dev.kindling.train.loop.TrainingResult;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.profile.Ceilings;
import dev.kindling.train.profile.Product;
import dev.kindling.train.profile.Profile;
import dev.kindling.train.profile.ProfiledCommunicator;
import dev.kindling.train.profile.ProfiledKernels;
import dev.kindling.train.profile.RankProfile;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What one rank of a pre-training run does: make everything that a {@link TrainingLoop} needs, and run it. */
final class PretrainRank {
  private PretrainRank() {
  }

  /** How the rank ended. */
  record Ending(long step, boolean finished, ArrayList<LossPoint> history, long tokens, double tokensPerSecond,
      String kernels, String precision, long parameters, ArrayList<RankProfile> profile) implements RunEnding {}

  static Ending run(PretrainConfig config, Rank rank) throws IOException {
    return run(config, StepTotals.unregistered(), rank);
  }

  /** @param totals that Spark shows */
  static Ending run(PretrainConfig config, StepTotals totals, Rank rank) throws IOException {
    PretrainPlan plan = PretrainPlan.of(config, rank.conf());
    boolean plain = config.cluster().kernels() == KernelChoice.PLAIN;
    try (Kernels kernels = NativeCache
        .loading(() -> plain ? KernelLibraries.plain(rank.threads()) : KernelLibraries.best(rank.threads()))) {
      Precision precision = agree(config, rank, kernels);
      MemoryPlan.of(plan, rank.worldSize(), rank.threads(), precision).refuseUnlessItFits(1);
      return train(plan, rank, kernels, precision, new StepNews(plan, rank, totals));
    }
  }

  private static Ending train(PretrainPlan plan, Rank rank, Kernels kernels, Precision precision, StepNews news) {
    long seed = plan.config().train().seed();
    ObjectiveSettings objective = plan.config().objective();
    int end = plan.dataset().endOfText();
    Optional<Profile> profile = plan.config().profile().enabled() ? Optional.of(new Profile()) : Optional.empty();
    Kernels timed = profile.map(p -> ProfiledKernels.of(kernels, p)).orElse(kernels);
    StartingWeights start = StartingWeights.of(plan, rank.conf(), timed, precision);
    Running running = new Running(plan, rank, kernels, timed, precision, profile, news);
    if (plan.model() instanceof BertConfig bert) {
      try (EncoderModel model = start.encoder(bert)) {
        if (plan.dataset().labels() == null)
          return running.run(model, RowObjectives.maskedWords(objective.maskedWords(plan.extra(), end), seed));
        Labelling labelling = new Labelling(plan.dataset().labels(), bert);
        return running.run(model, labelling.objective(),
            rows -> labelling.evaluation(model, rows, plan.config().train().evaluationRows(), rank));
      }
    }
    if (plan.model() instanceof T5Config t5) {
      try (T5Model model = start.t5(t5)) {
        return running.run(model, plan.isOfPairs()
            ? RowObjectives.pairs(new SequenceToSequence(t5.startToken(), t5.padToken()))
            : RowObjectives.spans(objective.spans(plan.extra(), end), seed));
      }
    }
    try (DecoderModel model = start.decoder((DecoderConfig) plan.model())) {
      boolean apart = objective.documents() == ObjectiveSettings.Documents.APART;
      if (plan.dataset().packingKind() == Packing.PROMPT_COMPLETION)
        return running.run(model, RowObjectives.examplesApart());
      return running.run(model, apart ? RowObjectives.documentsApart(end) : RowObjectives::nextTokens);
    }
  }

  /** What is measured on held-out rows. */
  @FunctionalInterface
  private interface Measured<B extends MicroBatch> {
    Evaluation on(HeldOutRows<B> rows);
  }

  /** What a run is made of, whatever its model is. @param timed the kernels, watched where the run is profiled */
  private record Running(PretrainPlan plan, Rank rank, Kernels kernels, Kernels timed, Precision precision,
      Optional<Profile> profile, StepNews news) {
    <B extends MicroBatch> Ending run(TapedModel<B> model, RowObjective<B> objective) {
      return run(model, objective, rows -> new Perplexity<>(rows, plan.config().train().evaluationRows()).of(model));
    }

    <B extends MicroBatch> Ending run(TapedModel<B> model, RowObjective<B> objective, Measured<B> measured) {
      if (plan.config().train().activationCheckpointing()) model.checkpointActivations();
      ArrayList<RankProfile> found = new ArrayList<>();
      TrainingResult result = run(model, objective, measured, checkpoints(plan, rank, news));
      profile.ifPresent(p -> found.add(p.ended(rank.rank(), ceilings(rank, kernels))));
      return new Ending(result.step(), result.finished(), new ArrayList<>(result.history()), result.tokens(),
          result.tokensPerSecond(), kernels.describe(), precision.label(), model.layout().count(), found);
    }

    private <B extends MicroBatch> TrainingResult run(TrainableModel<B> model, RowObjective<B> objective,
        Measured<B> measured, FolderCheckpoints folder) {
      if (!plan.config().checkpoints().copies()) return loop(model, objective, measured, folder).run();
      try (BackgroundCheckpoints background = new BackgroundCheckpoints(folder)) {
        return loop(model, objective, measured, background).run();
      }
    }

    private <B extends MicroBatch> TrainingLoop loop(TrainableModel<B> model, RowObjective<B> objective,
        Measured<B> measured, Checkpoints checkpoints) {
      PretrainConfig config = plan.config();
      RunOptions options = plan.options(precision);
      PackedBatches<B> batches = new PackedBatches<>(plan.training(rank.conf()), plan.order(), options,
          config.train().epochs(),
          objective);
      Communicator communicator = profile.<Communicator>map(p -> new ProfiledCommunicator(rank.communicator(), p))
          .orElse(rank.communicator());
      TrainingLoop loop = new TrainingLoop(model, timed, communicator, batches, options)
          .saving(checkpoints).telling(news.of(batches)).tellingLosses(news.losses()).following(news::follow);
      plan.heldOut(rank.conf()).map(heldOut -> HeldOutRows.of(heldOut, objective))
          .ifPresent(rows -> loop.evaluating(measured.on(rows)));
      if (config.average().evaluate()) loop.evaluatingAverages();
      if (rank.rank() == 0 && !options.gradients().anyRanks()) {
        rank.driver()
            .say("gradients are exchanged " + config.gradients().name()
                + ": the same bits need the same number of ranks, "
                + rank.worldSize());
      }
      profile.ifPresent(loop::timing);
      rank.driver().onOrder(loop::request);
      return loop;
    }
  }

  /** Measured on the first rank only: its operations are told. */
  private static ToDoubleFunction<Product> ceilings(Rank rank, Kernels kernels) {
    return rank.rank() == 0 ? new Ceilings(kernels)::of : product -> 0;
  }

  private static FolderCheckpoints checkpoints(PretrainPlan plan, Rank rank, StepNews news) {
    CheckpointSettings keep = plan.config().checkpoints();
    ObjectNode details = Json.object();
    details.set("dataset", RunData.details(plan.datasets(), plan.dataset()));
    details.set("configuration", Json.of(ResolvedYaml.plain(plan.config())));
    details.put("ranks", rank.worldSize());
    TokenizerFiles tokenizer = rank.rank() == 0
        ? tokenizer(plan, rank.conf())
        : TokenizerFiles.none();
    return new FolderCheckpoints(rank.conf(), new Path(plan.config().run()), rank.epoch(), plan.model(),
        tokenizer, new Retention(keep.keepLast(), keep.keepEvery(), keep.keepBest()), details,
        news::committing);
  }

  /** With the chat template of the folder that the run began with, if it has one. */
  private static TokenizerFiles tokenizer(PretrainPlan plan, Configuration hadoop) {
    TokenizerFiles files = TokenizerFiles.of(plan.model(), plan.tokenizer(hadoop));
    return plan.chatTemplate(hadoop).map(chat -> files.with(ChatTemplate.FILE, chat.source())).orElse(files);
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
    long slow = all.stream().filter(a -> !Boolean.parseBoolean(a[0])).count();
    Precision precision = precision(choice, all.get(0)[1], slow);
    if (rank.rank() == 0 && precision == Precision.BFLOAT16 && slow > 0) {
      rank.driver().say("bf16 saves memory but no time on " + slow + " of " + all.size()
          + " executors, whose kernels have no instructions for it");
    }
    return precision;
  }

  /** @param known of the run that goes on; empty: there is none */
  private static Precision precision(PrecisionChoice choice, String known, long slow) {
    if (choice != PrecisionChoice.AUTO) return Precision.valueOf(choice.name());
    if (!known.isEmpty()) return Precision.valueOf(known);
    return slow == 0 ? Precision.BFLOAT16 : Precision.FLOAT32;
  }

  /** The precision of the run that is there already; empty where there is none. */
  private static String stored(PretrainConfig config, Rank rank) throws IOException {
    return new RunFolder(rank.conf(), new Path(config.run())).started()
        .map(started -> started.identity().getOrDefault(PretrainPlan.PRECISION, "")).orElse("");
  }
}
