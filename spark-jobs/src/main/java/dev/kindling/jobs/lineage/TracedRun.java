package dev.kindling.jobs.lineage;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.train.loop.TrainerState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * What a run's checkpoints tell of its data: which dataset it reads, in which order, and how far it has come.
 *
 * @param folder of the run
 * @param datasets that it reads, in the versions that it reads
 * @param info what they are together
 * @param order of their rows in the run
 * @param checkpoints that are there, the earliest step first
 */
public record TracedRun(Path folder, DatasetMixture datasets, DatasetInfo info, SampleOrder order,
    List<Saved> checkpoints) {
  /** A checkpoint. @param attempt of the run that wrote it */
  public record Saved(long step, long attempt, String path) {}

  /**
   * @param data the dataset's folder, where it is not where the run read it
   * @throws UserError where the folder holds no run, or the dataset is another one than the run's
   */
  public static TracedRun open(Configuration conf, Path folder, Optional<String> data) throws IOException {
    List<Checkpoint> committed = new CheckpointStore(conf, folder).committed();
    if (committed.isEmpty())
      throw new UserError(folder + " holds no checkpoint, which would tell what the run reads; give the folder of a run"
          + " that has saved one");
    Checkpoint newest = committed.get(0);
    TrainerState state = TrainerState.fromJson(newest.state(), newest.path() + "/" + Checkpoint.STATE);
    DatasetMixture datasets = datasets(conf, folder, newest, state, data);
    int samples = Math.multiplyExact(number(state, newest, "microBatch"), number(state, newest, "accumulate"));
    SampleOrder order = new SampleOrder(datasets.order(Long.parseLong(fixed(state, newest, "seed"))),
        number(state, newest, "virtualRanks"), samples);
    return new TracedRun(folder, datasets, datasets.info(conf), order,
        committed.stream().map(c -> new Saved(c.step(), c.manifest().epoch(), c.path().toString()))
            .sorted(Comparator.comparingLong(Saved::step).thenComparingLong(Saved::attempt)).toList());
  }

  private static DatasetMixture datasets(Configuration conf, Path run, Checkpoint newest, TrainerState state,
      Optional<String> data) {
    JsonNode told = newest.manifest().details().path("dataset");
    if (told.has("mixture") && data.isEmpty()) {
      List<DatasetMixture.Member> members = new ArrayList<>();
      List<Long> units = new ArrayList<>();
      for (JsonNode each : told.path("mixture")) {
        Path dataset = new Path(each.path("path").asText());
        refuseMissing(conf, run, dataset);
        members.add(member(conf, run, dataset, each.path("fingerprint").asText(), "put the run's dataset there again"));
        units.add(each.path("units").asLong());
      }
      return new DatasetMixture(members, units);
    }
    if (told.has("mixture"))
      throw new UserError(
          "the run in " + run + " reads several datasets, and --data names one; they must be where the run"
              + " read them: leave --data out");
    Path dataset = new Path(data.orElseGet(() -> told.path("path").asText()));
    if (dataset.toString().isEmpty())
      throw new UserError(newest.path() + " does not tell its dataset; name it with --data");
    DatasetMixture.Member alone = member(conf, run, dataset, fixed(state, newest, "dataset"),
        "name the folder of the run's dataset with --data");
    return DatasetMixture.alone(alone.folder(), alone.info());
  }

  /** One of several datasets, which no option names: prep there would make another one. */
  private static void refuseMissing(Configuration conf, Path run, Path dataset) {
    Path file = new Path(dataset, DatasetInfo.FILE);
    if (!Storage.exists(Storage.of(conf, file), file))
      throw new UserError("the run in " + run + " read a dataset in " + dataset
          + ", which is not there; put the run's dataset there again");
  }

  /** @param advice where it is another one */
  private static DatasetMixture.Member member(Configuration conf, Path run, Path dataset, String trainedOn,
      String advice) {
    return new DatasetMixture.Member(dataset,
        DatasetVersions.withFingerprint(conf, dataset, trainedOn).orElseThrow(() -> new UserError("the dataset in "
            + dataset + " is not what the run in " + run + " was trained on: its fingerprint is "
            + DatasetInfo.read(conf, dataset).fingerprint() + ", the run's is " + trainedOn
            + "; " + advice)));
  }

  private static int number(TrainerState state, Checkpoint from, String key) {
    return Integer.parseInt(fixed(state, from, key));
  }

  private static String fixed(TrainerState state, Checkpoint from, String key) {
    String value = state.identity().get(key);
    if (value == null)
      throw new UserError(
          from.path() + " does not tell the run's " + key + "; it is no checkpoint of a pre-training run");
    return value;
  }

  /** The folders of its datasets. */
  public String data() {
    return datasets.members().stream().map(member -> member.folder().toString()).collect(Collectors.joining(", "));
  }

  /** The step that the newest checkpoint was written after. */
  public long trained() {
    return checkpoints.get(checkpoints.size() - 1).step();
  }

  /** The steps that have read a row, up to {@link #trained}, counted from 1. */
  public SortedSet<Long> steps(long row) {
    SortedSet<Long> steps = new TreeSet<>();
    long samples = Math.multiplyExact(trained(), order.samplesPerStep());
    for (long epoch = 0; order.order().begin(epoch, row) < samples; epoch++) {
      long step = order.place(epoch, row).step() + 1;
      if (step <= trained()) steps.add(step);
    }
    return steps;
  }

  /** The checkpoints whose weights have learned from a step. */
  public List<Saved> seenBy(long step) {
    return checkpoints.stream().filter(saved -> saved.step() >= step).toList();
  }

  /** The newest checkpoint of those that have not learned from a step. */
  public Optional<Saved> newestBefore(long step) {
    return checkpoints.stream().filter(saved -> saved.step() < step).reduce((a, b) -> b);
  }
}
