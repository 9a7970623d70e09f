package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.train.loop.TrainerState;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Checkpoints of a network: {@code network.zip} is what DL4J's ModelSerializer writes and reads, configuration, parameters and the
 * updater's state; {@code trainer_state.json} is the place in the run; {@code manifest.json}, written last, makes it whole.
 */
record NetworkCheckpoints(Configuration hadoop, Path run) {
  static final String NETWORK = "network.zip";

  /** Commits one. @param state whose identity tells the kind of network; @param epoch of the attempt */
  Checkpoint save(Model network, TrainerState state, long epoch, Retention keep) throws IOException {
    CheckpointStore store = new CheckpointStore(hadoop, run);
    CheckpointWriter writer = store.begin(state.step(), epoch);
    writer.file(NETWORK, out -> ModelSerializer.writeModel(network, out, true));
    writer.state(state.toJson());
    Checkpoint committed = writer.commit(List.of(), Json.object().put("network", network.getClass().getName())
        .put("parametersSha256", sha256(network.params())));
    store.clean(keep, committed);
    return committed;
  }

  /** Reads a network with its updater's state; its files have been checked. */
  Model load(Checkpoint checkpoint) throws IOException {
    Path file = new Path(checkpoint.path(), NETWORK);
    boolean layers = checkpoint.manifest().details().path("network").asText()
        .equals(MultiLayerNetwork.class.getName());
    try (InputStream in = Storage.of(hadoop, file).open(file)) {
      return layers
          ? ModelSerializer.restoreMultiLayerNetwork(in, true)
          : ModelSerializer.restoreComputationGraph(in, true);
    }
  }

  /** The newest one is of a run that this may go on with. @throws UserError naming the first difference */
  static void refuseUnlessSame(Dl4jModel stored, Dl4jModel given, Path where) {
    UserError.require(stored.getClass() == given.getClass(), "the network", given.model().getClass().getSimpleName(),
        "a " + stored.model().getClass().getSimpleName() + ", as in " + where);
    List<String> then = withoutCounts(stored), now = withoutCounts(given);
    for (int i = 0; i < Math.max(then.size(), now.size()); i++) {
      String before = i < then.size() ? then.get(i) : "nothing", after = i < now.size() ? now.get(i) : "nothing";
      if (before.equals(after)) continue;
      throw new UserError("the network's configuration has, in line " + (i + 1) + " of its JSON, " + after
          + "; the run in " + where + " was started with " + before
          + " and goes on with that only: set it back, or start a new run in another folder");
    }
  }

  private static List<String> withoutCounts(Dl4jModel network) {
    return network.configuration().lines().map(String::strip)
        .filter(l -> !l.startsWith("\"iterationCount\"") && !l.startsWith("\"epochCount\"")).toList();
  }

  /** {@link WeightsHash} of all parameters as one tensor, in DL4J's order. */
  static String sha256(INDArray parameters) {
    Tensor flat = Tensor.at(parameters.data().addressPointer().address(), DType.FLOAT32, parameters.length());
    return WeightsHash.sha256(new WeightSource() {
      @Override
      public List<TensorSpec> tensors() {
        return List.of(TensorSpec.float32("parameters", flat.size()));
      }

      @Override
      public void read(String name, long from, float[] into, int offset, int count) {
        flat.get(from, into, offset, count);
      }
    });
  }
}
