package dev.kindling.train.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.checkpoint.commit.OptimizerRange;
import dev.kindling.checkpoint.commit.OptimizerStates;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Checkpoints as folders of a {@link CheckpointStore}: each rank writes the states of its shard, rank 0 the model and the trainer's
 * state; when all have told it what they wrote, it commits. Until then the former checkpoint is the newest.
 *
 * @param folder of the run, the same for all ranks
 * @param attempt what {@link CheckpointStore#claimEpoch} gave the driver
 * @param config of the model
 * @param tokenizer stored beside the model by rank 0, which alone needs it
 * @param keep which checkpoints stay
 * @param details for the manifest, such as the run's whole configuration
 * @param before what rank 0 does before each commit
 */
public record FolderCheckpoints(Configuration conf, Path folder, long attempt, ModelConfig config,
    TokenizerFiles tokenizer, Retention keep, ObjectNode details, BeforeCommit before) implements Checkpoints {
  private static final int PIECE = 1 << 16;      // elements copied at once

  /** What must be whole before a checkpoint is. It may run beside the steps, and it may run and no commit follow. */
  @FunctionalInterface
  public interface BeforeCommit {
    /** @param step whose checkpoint is about to be committed */
    void committing(long step) throws IOException;
  }

  /** Nothing goes before a commit. */
  public FolderCheckpoints(Configuration conf, Path folder, long attempt, ModelConfig config, TokenizerFiles tokenizer,
      Retention keep, ObjectNode details) {
    this(conf, folder, attempt, config, tokenizer, keep, details, step -> {});
  }

  @Override
  public Optional<String> newest() {
    try {
      return new CheckpointStore(conf, folder).newestWhole().map(checkpoint -> checkpoint.path().toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Saved open(String name) {
    return new SavedFolder(Checkpoint.read(conf, new Path(name)));     // rank 0 has verified it
  }

  @Override
  public String save(TrainerState state, TrainableModel<?> model, List<Optimizer.State> states,
      Communicator communicator) {
    try {
      CheckpointWriter writer = writer(state);
      boolean first = communicator.rank() == 0;
      byte[] mine = write(writer, state, states,
          first ? Optional.of(model.weightSource()) : Optional.empty(),
          communicator.rank(), communicator.worldSize());
      List<byte[]> all = communicator.allGather(mine);
      if (first) commit(writer, state, all);
      communicator.allGather(new byte[0]);       // whole for every rank that goes on
      return writer.folder().toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  CheckpointWriter writer(TrainerState state) throws IOException {
    return new CheckpointStore(conf, folder).begin(state.step(), attempt);
  }

  /** Writes a rank's part. @param weights on rank 0: the model and the trainer's state as well; @return its word for the commit */
  byte[] write(CheckpointWriter writer, TrainerState state, List<Optimizer.State> states,
      Optional<WeightSource> weights,
      int rank, int worldSize) throws IOException {
    List<OptimizerRange> ranges = new ArrayList<>();
    for (Optimizer.State s : states) {
      ranges.add(new OptimizerRange(s.name(), s.from(), s.values().size(), s.values()::get));
    }
    FileEntry mine = writer.optimizer(rank, worldSize, ranges);
    if (weights.isPresent()) {
      writer.model(config, weights.get(), tokenizer);
      writer.state(state.toJson());
    }
    return toBytes(mine);
  }

  /** @param words of all ranks */
  void commit(CheckpointWriter writer, TrainerState state, List<byte[]> words) throws IOException {
    ObjectNode all = details.deepCopy();
    state.history().stream().filter(p -> p.step() == state.step() && p.kind().equals(LossPoint.VALIDATION))
        .forEach(p -> all.put(Retention.VALIDATION_LOSS, p.loss()));
    before.committing(state.step());
    Checkpoint committed = writer.commit(words.stream().map(FolderCheckpoints::toEntry).toList(), all);
    new CheckpointStore(conf, folder).clean(keep, committed);
  }

  private static byte[] toBytes(FileEntry entry) {
    return Json.bytes(Json.object().put("name", entry.name()).put("size", entry.size()).put("sha256", entry.sha256()));
  }

  private static FileEntry toEntry(byte[] bytes) {
    ObjectNode json = Json.parse(bytes, "a rank's word of its shard");
    return new FileEntry(json.required("name").asText(), json.required("size").asLong(),
        json.required("sha256").asText());
  }

  /** A checkpoint on disk. */
  private static final class SavedFolder implements Saved {
    private final Checkpoint checkpoint;

    SavedFolder(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    @Override
    public TrainerState state() {
      return TrainerState.fromJson(checkpoint.state(), checkpoint.path() + "/" + Checkpoint.STATE);
    }

    @Override
    public void loadWeights(TrainableModel<?> model) {
      try (ModelFolder stored = checkpoint.model()) {
        for (Parameter p : model.layout().parameters()) {
          fill(p.in(model.weights()), (at, into, count) -> stored.weights().read(p.name(), at, into, 0, count));
        }
      }
    }

    @Override
    public void loadStates(List<Optimizer.State> states) {
      try (OptimizerStates stored = checkpoint.optimizer()) {
        for (Optimizer.State s : states) {
          fill(s.values(), (at, into, count) -> stored.read(s.name(), s.from() + at, into, 0, count));
        }
      }
    }

    @FunctionalInterface
    private interface Source {
      void read(long at, float[] into, int count);
    }

    private static void fill(Tensor tensor, Source source) {
      float[] piece = new float[(int) Math.min(PIECE, tensor.size())];
      for (long at = 0; at < tensor.size(); at += PIECE) {
        int count = (int) Math.min(PIECE, tensor.size() - at);
        source.read(at, piece, count);
        tensor.put(at, piece, 0, count);
      }
    }
  }
}
