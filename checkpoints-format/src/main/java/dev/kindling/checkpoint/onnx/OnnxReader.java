package dev.kindling.checkpoint.onnx;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.StoredTensor;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * An ONNX model's file (onnx.proto3 of the ONNX specification, IR versions 1 to 10): its graph, and the values of its
 * constant tensors wherever they lie: in the file, or in files beside it. Everything is held to the files' sizes when it
 * is opened; values are read at positions, by any number of threads.
 */
public final class OnnxReader implements WeightSource, Closeable {
  private final Path path;
  private final Map<Path, FSDataInputStream> files = new LinkedHashMap<>();
  private OnnxGraph graph;

  private OnnxReader(Path path) {
    this.path = path;
  }

  /** @throws UserError naming the file when it is damaged, no ONNX file, or lacks a file beside it */
  public static OnnxReader open(Configuration conf, Path path) {
    FileSystem fs = Storage.of(conf, path);
    OnnxReader reader = new OnnxReader(path);
    boolean opened = false;
    try {
      reader.readGraph(fs, Storage.file(fs, path).getLen());
      reader.openFilesBeside(fs);
      opened = true;
      return reader;
    } catch (IOException e) {
      throw Storage.failed(path, e);
    } finally {
      if (!opened) reader.close();
    }
  }

  private void readGraph(FileSystem fs, long size) throws IOException {
    if (size > Integer.MAX_VALUE)
      throw new UserError(
          path + " has " + size + " bytes; an ONNX file has less than 2 GB, and larger weights beside it");
    FSDataInputStream file = fs.open(path);
    files.put(path, file);
    OnnxInput in = new OnnxInput(new BufferedInputStream(file, 1 << 16), (int) size);
    try {
      graph = new OnnxGraphFields(in).model();
    } catch (OnnxFormatException e) {
      throw new UserError(path + " is damaged or no ONNX file: " + e.getMessage(), e);
    } catch (EOFException | InvalidProtocolBufferException e) {
      throw new UserError(
          path + " is damaged or no ONNX file: a part near byte " + in.position() + " of " + size + " is not whole", e);
    }
  }

  private void openFilesBeside(FileSystem fs) throws IOException {
    Map<Path, Long> sizes = new LinkedHashMap<>(Map.of(path, Storage.file(fs, path).getLen()));
    for (OnnxTensor t : graph.tensors()) {
      if (t.file() == null) continue;
      Path file = place(t);
      if (!files.containsKey(file)) {
        if (!Storage.exists(fs, file))
          throw new UserError(path + " keeps weights in " + file + ", which does not exist");
        sizes.put(file, Storage.file(fs, file).getLen());
        files.put(file, fs.open(file));
      }
      long size = sizes.get(file), bytes = t.spec() == null ? 0 : t.spec().bytes();
      if (t.offset() > size || bytes > size - t.offset())
        throw new UserError(file + " is damaged: it has " + size + " bytes and ends within " + t.name());
    }
  }

  private Path place(OnnxTensor tensor) {
    if (tensor.file() == null) return path;
    return new Path(path.getParent() == null ? new Path(".") : path.getParent(), tensor.file());
  }

  public OnnxGraph graph() {
    return graph;
  }

  /** The file, for errors. */
  public Path path() {
    return path;
  }

  /** Constant tensors of the types that safetensors has, in the file's order: weights, and small ones of the graph. */
  @Override
  public List<TensorSpec> tensors() {
    List<TensorSpec> all = new ArrayList<>();
    for (OnnxTensor t : graph.tensors()) { if (t.spec() != null) all.add(t.spec()); }
    return all;
  }

  @Override
  public TensorSpec find(String name) {
    OnnxTensor found = graph.tensor(name);
    return found == null ? null : found.spec();
  }

  @Override
  public void read(String name, long from, float[] into, int offset, int count) {
    OnnxTensor found = graph.tensor(name);
    if (found == null || found.spec() == null) throw new IllegalArgumentException(path + " has no tensor " + name);
    stored(found).read(from, into, offset, count);
  }

  /** All of a tensor of whole numbers, INT64 or INT32; for small ones. */
  public long[] readLongs(OnnxTensor tensor) {
    long[] all = new long[Math.toIntExact(tensor.spec().count())];
    stored(tensor).read(0, all, 0, all.length);
    return all;
  }

  private StoredTensor stored(OnnxTensor tensor) {
    byte[] kept = tensor.inMemory();
    if (kept != null) {
      return new StoredTensor(tensor.spec(),
          (at, into, offset, n) -> System.arraycopy(kept, (int) at, into, offset, n), 0, path);
    }
    Path file = place(tensor);
    return new StoredTensor(tensor.spec(), files.get(file)::readFully, tensor.offset(), file);
  }

  @Override
  public void close() {
    for (FSDataInputStream file : files.values()) {
      try {
        file.close();
      } catch (IOException e) {
        // Read-only: nothing is lost.
      }
    }
  }
}
