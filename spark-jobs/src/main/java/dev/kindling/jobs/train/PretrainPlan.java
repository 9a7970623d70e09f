package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.chat.ChatTemplate;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.EndTemplate;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.model.ModelPath;
import dev.kindling.jobs.train.ObjectiveSettings.Kind;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a configuration comes to for its dataset; made in the driver, where mistakes end before anything is written, and again
 * by every rank.
 *
 * @param datasets that are read; @param dataset what they are together; @param extra tokens of the model that the dataset has not
 * @param order of the rows; @param steps of the whole run
 */
record PretrainPlan(PretrainConfig config, DatasetMixture datasets, DatasetInfo dataset, SampleOrder order,
    ModelConfig model, ExtraTokens extra, long steps) {
  static final String PRECISION = "train.precision";
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final int LARGEST_TOKENIZER = 1 << 28;

  /**
   * @return the plan, in which the datasets' versions are said
   * @throws UserError where dataset, model and steps do not fit one another
   */
  static PretrainPlan of(PretrainConfig given, Configuration hadoop) {
    DatasetMixture datasets = RunData.of(given, hadoop);
    DatasetInfo dataset = datasets.info(hadoop);
    Optional<TrainedStart> start = TrainedStart.of(given.model(), hadoop);
    ModelSettings shape = given.model().absolute(hadoop);
    PretrainConfig config = given.withData(
        given.data().of(datasets.members().stream().map(member -> member.info().datasetVersion()).toList()))
        .withModel(start.map(trained -> shape.withFamily(trained.family())).orElse(shape));
    TrainSettings train = config.train();
    config.objective().refuseUnlessOf(config.model().family(), dataset.packingKind());
    require(config.tracking().documentLoss() == 0 || config.model().family().objective() == Kind.NEXT_TOKEN,
        "tracking.documentLoss", config.tracking().documentLoss(),
        "0 where a model does not say next tokens: what it loses there is not kept by document");
    require(dataset.packingKind() != Packing.PREFERENCE, "dataset", config.dataset(),
        "one of texts or of prompts with completions: of its pairs, packing preference, nothing is learned by saying tokens");
    require(
        dataset.packingKind() != Packing.PROMPT_COMPLETION || config.model().family().objective() == Kind.NEXT_TOKEN,
        "model.family", config.model().family().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        "one that says next tokens: the dataset's packing is prompt-completion (t5 learns such texts with packing "
            + "sequence-to-sequence)");
    boolean pairs = dataset.packingKind() == Packing.SEQUENCE_TO_SEQUENCE;
    ExtraTokens extra = tokens(start, config, dataset, hadoop);
    if (config.model().family().objective() == Kind.SPAN_CORRUPTION && !pairs) {
      config.objective().spans(extra, dataset.endOfText()).refuseUnlessSentinelsSuffice(dataset.sequenceLength());
    }
    ModelConfig model = start.map(trained -> trained.shape(dataset, config.model().dropout()))
        .orElseGet(() -> config.model().config(extra, dataset.sequenceLength(), dataset.endOfText()));
    if (dataset.labels() != null) model = EncoderShape.labelled((BertConfig) model, dataset.labels());
    require(train.epochs() == 0 || !datasets.isMixed(), "train.epochs", train.epochs(),
        "left out where several datasets are mixed, as each has epochs of its own; say train.steps");
    SampleOrder order = new SampleOrder(datasets.order(train.seed()), train.virtualRanks(),
        Math.multiplyExact(train.microBatch(), train.accumulate()));
    return new PretrainPlan(config, datasets, dataset, order, model, extra, steps(train, order));
  }

  /** What the objective needs besides the dataset's tokens; a trained model has it. */
  private static ExtraTokens tokens(Optional<TrainedStart> start, PretrainConfig config, DatasetInfo dataset,
      Configuration hadoop) {
    Path file = new Path(config.dataset(), Tokenizer.FILE);
    FileSystem files = Storage.of(hadoop, file);
    ExtraTokens usual = config.model().family().extraTokens(dataset.vocabularySize());
    if (usual.names().isEmpty() || !Storage.exists(files, file)) return usual;
    String json = new String(Storage.readSmall(files, file, LARGEST_TOKENIZER), StandardCharsets.UTF_8);
    boolean hides = dataset.labels() == null && dataset.packingKind() != Packing.SEQUENCE_TO_SEQUENCE;
    return start.map(trained -> trained.tokens(hides, dataset, json)).orElseGet(() -> usual.in(json));
  }

  /** Whether rows are of what is read and what is to be written then. */
  boolean isOfPairs() {
    return dataset.packingKind() == Packing.SEQUENCE_TO_SEQUENCE;
  }

  private static long steps(TrainSettings train, SampleOrder order) {
    if (train.epochs() == 0) return train.steps();
    long there = order.steps(train.epochs());
    String data = train.epochs() + (train.epochs() == 1 ? " epoch of " : " epochs of ") + order.rows() + " rows";
    if (there == 0) {
      throw new UserError("train.epochs is " + train.epochs() + "; " + data + " are fewer than the "
          + order.samplesPerStep()
          + " sequences of one step: lower train.virtualRanks, train.microBatch or train.accumulate, or raise train.epochs");
    }
    if (train.steps() > there) {
      throw new UserError("train.steps is " + train.steps() + "; " + data + " end after " + there + " steps of "
          + order.samplesPerStep() + " sequences: set train.steps to " + there + " or fewer, or raise train.epochs");
    }
    return train.steps() == 0 ? there : train.steps();
  }

  /** What is wrong ends here: before anything is written, and before a run that is under way in the folder is taken over. */
  void refuseMistakes(Configuration hadoop) throws IOException {
    RunFolder folder = new RunFolder(hadoop, new Path(config.run()));
    folder.refuseForeign();
    training(hadoop);
    heldOut(hadoop);
    tokenizer(hadoop);
    chatTemplate(hadoop);
    options(Precision.FLOAT32);                  // schedule and optimizer, whatever the precision will be
    Optional<RunFolder.Started> started = folder.started();
    // of a checkpoint every byte that is read is held to its manifest, once, while the run begins
    if (started.isEmpty() && !config.model().from().isEmpty()) ModelPath.resolve(hadoop, config.model().from());
    if (started.isPresent()) {
      Map<String, String> identity = started.get().identity();
      PrecisionChoice choice = config.train().precision();
      String precision = choice == PrecisionChoice.AUTO
          ? identity.getOrDefault(PRECISION, Precision.FLOAT32.name())
          : choice.name();
      options(Precision.valueOf(precision)).refuseUnlessStartedWith(identity, started.get().where());
    }
  }

  /** @throws UserError where a shard is missing or has another size */
  PackedDataset training(Configuration hadoop) {
    return PackedDataset.open(hadoop, new Path(config.dataset()), dataset, dataset.training(),
        PackedDataset.DEFAULT_CACHE_BYTES);
  }

  /** Empty where no row was held out. @throws UserError where a shard is missing or has another size */
  Optional<PackedDataset> heldOut(Configuration hadoop) {
    return dataset.heldOut().rows() == 0
        ? Optional.empty()
        : Optional.of(PackedDataset.open(hadoop, new Path(config.dataset()), dataset, dataset.heldOut(),
            PackedDataset.DEFAULT_CACHE_BYTES));
  }

  /**
   * The dataset's tokenizer, as its file has it, with the extra tokens. T5 reads texts to their end token, so for it others'
   * tools are told to put that behind a text.
   *
   * @throws UserError where it is not the one that the dataset was made with
   */
  String tokenizer(Configuration hadoop) {
    Path file = new Path(config.dataset(), Tokenizer.FILE);
    byte[] bytes = Storage.readSmall(Storage.of(hadoop, file), file, LARGEST_TOKENIZER);
    String json = new String(bytes, StandardCharsets.UTF_8);
    boolean said = SHA_256.matcher(dataset.tokenizer()).matches();     // rows that prep did not make may not know theirs
    if (said && !Fingerprint.of(json).equals(dataset.tokenizer()))
      throw new UserError(file + " is not the tokenizer that the dataset was made with: its SHA-256 is "
          + Fingerprint.of(json) + ", " + DatasetInfo.FILE + " says " + dataset.tokenizer()
          + "; put the right one back, or run prep again with this one into another folder");
    String whole = extra.addedTo(json);
    return model instanceof T5Config ? EndTemplate.addedTo(whole, dataset.endOfText()) : whole;
  }

  /** Of the model that the run begins with, where there is one. @throws UserError where it is not understood */
  Optional<ChatTemplate> chatTemplate(Configuration hadoop) {
    String from = config.model().from();
    return from.isEmpty() ? Optional.empty() : ChatTemplate.load(hadoop, new Path(from));
  }

  RunOptions options(Precision precision) {
    TrainSettings t = config.train();
    return new RunOptions(t.virtualRanks(), t.microBatch(), t.accumulate(), t.seed(),
        optimizer(precision), config.schedule().over(steps), t.clipNorm(),
        config.gradients().exchange(), identity(precision), steps, t.stopAfter(), config.checkpoints().every(),
        t.evaluateEvery(), t.logEvery());
  }

  private OptimizerRecipe optimizer(Precision precision) {
    config.optimizer().refuseNamesThatAreNone(model.tensors().stream().map(TensorSpec::name).toList());
    return config.average().around(config.optimizer().recipe(precision == Precision.BFLOAT16));
  }

  /** What besides the options may not change when the run goes on. */
  private Map<String, String> identity(Precision precision) {
    Map<String, String> all = new TreeMap<>();
    all.put(PRECISION, precision.name());
    // what nothing is dropped out of is told as before there was a choice: such runs go on
    all.put("model", model.withDropout(DropoutRates.NONE).toString().replace(", dropout=" + DropoutRates.NONE, ""));
    if (!config.model().from().isEmpty()) {
      all.put("model.from", config.model().from());
      all.put("model.from's dropout", model.dropout().toString());
    }
    if (config.model().dropout() > 0) all.put("model.dropout", Double.toString(config.model().dropout()));
    if (model instanceof BertConfig || model instanceof T5Config) all.put("objective", config.objective().toString());
    // not told where it is as before there was a choice: such runs go on
    if (config.objective().documents() == ObjectiveSettings.Documents.APART) all.put("objective.documents", "apart");
    all.putAll(RunData.identity(datasets, dataset));
    all.put("train.epochs", Long.toString(config.train().epochs()));
    return all;
  }
}
