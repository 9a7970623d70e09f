package dev.kindling.train.loop;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Checkpoints as folders of a {@link CheckpointStore}: each rank writes the states of its shard and its part of the weights, rank 0
 * what else a model's folder has and the trainer's state; when all have told it what they wrote, it commits. Until then the former
 * checkpoint is the newest.
 *
 * @param folder of the run, the same for all ranks
 * @param attempt what {@link CheckpointStore#claimEpoch} gave the driver
 * @param config of the model
 * @param tokenizer stored beside the model by rank 0, which alone needs it
 * @param keep which checkpoints stay
 * @param details for the manifest, such as the run's whole configuration
 * @param before what rank 0 does before each commit
 * @param leastPart bytes of weights for which a rank writes a file of its own
 */
public record FolderCheckpoints(Configuration conf, Path folder, long attempt, ModelConfig config,
    TokenizerFiles tokenizer, Retention keep, ObjectNode details, BeforeCommit before, long leastPart)
    implements
      Checkpoints {
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

  /** Files of the usual size. */
  public FolderCheckpoints(Configuration conf, Path folder, long attempt, ModelConfig config, TokenizerFiles tokenizer,
      Retention keep, ObjectNode details, BeforeCommit before) {
    this(conf, folder, attempt, config, tokenizer, keep, details, before, StoredParts.LEAST);
  }

  @Override
  public List<String> candidates() {
    try {
      return new CheckpointStore(conf, folder).candidates().stream().map(c -> c.path().toString()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean isWhole(String name, int share, int shares) {
    Checkpoint checkpoint = Checkpoint.read(conf, new Path(name));
    return CheckpointStore.isWhole(checkpoint, checkpoint.share(share, shares));
  }

  @Override
  public Saved open(String name) {
    return new SavedFolder(Checkpoint.read(conf, new Path(name)));     // the ranks have verified it
  }

  @Override
  public String save(TrainerState state, TrainableModel<?> model, List<Optimizer.State> states, StoredParts parts,
      Communicator communicator) {
    try {
      CheckpointWriter writer = writer(state);
      boolean first = communicator.rank() == 0;
      byte[] mine = write(writer, state, states, model.weightSource(), parts, communicator.rank());
      List<byte[]> all = communicator.allGather(mine);
      if (first) commit(writer, state, all);
      communicator.barrier();                    // whole for every rank that goes on
      return writer.folder().toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  CheckpointWriter writer(TrainerState state) throws IOException {
    return new CheckpointStore(conf, folder).begin(state.step(), attempt);
  }

  /** Writes a rank's part. @param weights of which it reads its own; @return its word for the commit */
  byte[] write(CheckpointWriter writer, TrainerState state, List<Optimizer.State> states, WeightSource weights,
      StoredParts parts, int rank) throws IOException {
    List<OptimizerRange> ranges = new ArrayList<>();
    for (Optimizer.State s : states) {
      ranges.add(new OptimizerRange(s.name(), s.from(), s.values().size(), s.values()::get));
    }
    writer.optimizer(rank, parts.ranges().worldSize(), ranges);
    if (parts.isWriter(rank)) writer.weights(config, weights, parts.byName(), rank);
    if (rank == 0) {
      writer.model(config, weights, parts.byName(), tokenizer);
      writer.state(state.toJson());
    }
    return WrittenWord.bytes(writer.written());
  }

  /** @param words of all ranks */
  void commit(CheckpointWriter writer, TrainerState state, List<byte[]> words) throws IOException {
    ObjectNode all = details.deepCopy();
    state.history().stream().filter(p -> p.step() == state.step() && p.kind().equals(LossPoint.VALIDATION))
        .forEach(p -> all.put(Retention.VALIDATION_LOSS, p.loss()));
    before.committing(state.step());
    Checkpoint committed = writer.commit(words.stream().map(WrittenWord::written).toList(), all);
    new CheckpointStore(conf, folder).clean(keep, committed);
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
