package dev.kindling.checkpoint.commit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.checkpoint.folder.WeightParts;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes one checkpoint. Every rank makes a writer of the same step and attempt and writes its optimizer shard and its part of
 * the weights; rank 0 also writes the rest of the model and the state, gathers what all others {@linkplain Written wrote}, and
 * commits. Until then there is no checkpoint, and nothing that fails before needs to be undone.
 */
public final class CheckpointWriter {
  private final CheckpointStore store;
  private final FileSystem fs;
  private final Path folder;
  private final long step, epoch;
  private final Map<String, FileEntry> written = new LinkedHashMap<>();
  private final Map<String, String> ofElements = new LinkedHashMap<>();
  private List<TensorSpec> tensors = List.of();

  CheckpointWriter(CheckpointStore store, FileSystem fs, Path folder, long step, long epoch) {
    this.store = store;
    this.fs = fs;
    this.folder = folder;
    this.step = step;
    this.epoch = epoch;
  }

  /** Where the files go. */
  public Path folder() {
    return folder;
  }

  /**
   * What a writer wrote, as whoever commits must know.
   *
   * @param ofElements by tensor, whose weights it wrote: {@link WeightsHash#ofElements}
   */
  public record Written(List<FileEntry> files, Map<String, String> ofElements) {}

  /** What this writer wrote until now. */
  public Written written() {
    return new Written(List.copyOf(written.values()), Map.copyOf(ofElements));
  }

  /**
   * Writes the model: float32 weights, configuration, tokenizer.
   *
   * @param weights all of {@link ModelConfig#tensors()}; @param tokenizer made for the same configuration
   */
  public void model(ModelConfig config, WeightSource weights, TokenizerFiles tokenizer) throws IOException {
    weights(config, weights, WeightParts.WHOLE, 0);
    model(config, weights, WeightParts.WHOLE, tokenizer);
  }

  /** Writes one part of the weights. @param weights of which its own are read */
  public void weights(ModelConfig config, WeightSource weights, WeightParts parts, int part) throws IOException {
    WeightSource named = ModelFolder.named(config, weights, "the model");
    ModelFolderWriter.writeWeights(this::file, named, parts, part, ElementType.F32);
    for (TensorSpec t : parts.tensors(named.tensors(), part))
      ofElements.put(t.name(), WeightsHash.ofElements(named, t));
  }

  /** Writes the model's files beside all parts of its weights. @param weights of which only the names and shapes count */
  public void model(ModelConfig config, WeightSource weights, WeightParts parts, TokenizerFiles tokenizer)
      throws IOException {
    tensors = ModelFolder.named(config, weights, "the model").tensors();
    ModelFolderWriter.writeRest(this::file, config, tensors, parts, tokenizer, ElementType.F32);
  }

  /** Writes one rank's optimizer states. @return what rank 0 needs for the commit */
  public FileEntry optimizer(int shard, int shards, List<OptimizerRange> ranges) throws IOException {
    OptimizerShard tensors = new OptimizerShard(ranges);
    Map<String, String> metadata = Map.of("shard", Integer.toString(shard), "shards", Integer.toString(shards));
    return file(OptimizerShard.fileName(shard, shards), out -> SafetensorsWriter.write(out, tensors, null, metadata));
  }

  /** Writes the trainer's state: whatever it needs to go on. */
  public FileEntry state(ObjectNode json) throws IOException {
    return file(Checkpoint.STATE, out -> out.write(Json.bytes(json)));
  }

  /** Writes any other file. */
  public FileEntry file(String name, ModelFolderWriter.Content content) throws IOException {
    store.refuseIfFenced(epoch, step);
    try (PendingFile out = PendingFile.inPlace(fs, new Path(folder, name))) {
      content.writeTo(out);
      FileEntry entry = out.commit(name);
      written.put(name, entry);
      return entry;
    }
  }

  /** Commits what this writer wrote. */
  public Checkpoint commit() throws IOException {
    return commit(List.of(), Json.object());
  }

  /**
   * Makes it a checkpoint, by writing the manifest.
   *
   * @param others what the other ranks wrote; @param details what the manifest shall keep of the run: its
   *   configuration,
   *   metrics, data fingerprints
   * @throws FencedException when a newer attempt has taken over
   */
  public Checkpoint commit(Collection<Written> others, ObjectNode details) throws IOException {
    for (Written other : others) {
      for (FileEntry f : other.files()) {
        FileEntry mine = written.putIfAbsent(f.name(), f);
        if (mine != null && !mine.equals(f)) throw new IllegalArgumentException("two ranks wrote " + f.name());
      }
      ofElements.putAll(other.ofElements());
    }
    Manifest manifest = new Manifest(step, epoch, weightsSha256(), List.copyOf(written.values()), details);
    try (PendingFile out = PendingFile.create(fs, new Path(folder, Manifest.FILE))) {
      out.write(manifest.toBytes());
      store.refuseIfFenced(epoch, step);
      out.commit(Manifest.FILE);
    }
    return store.read(folder);
  }

  /** Empty where there is no model. */
  private String weightsSha256() {
    if (tensors.isEmpty()) return "";
    return WeightsHash.sha256(tensors, t -> {
      String hash = ofElements.get(t.name());
      if (hash == null) throw new IllegalStateException("nobody wrote " + t.name());
      return hash;
    });
  }
}
