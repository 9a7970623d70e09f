package dev.kindling.checkpoint.gguf;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Reads GGUF versions 2 and 3: metadata, descriptions of the tensors, and values of those stored as a {@link GgufType}.
 */
public final class GgufReader implements Closeable {
  private static final int MOST_DIMENSIONS = 4;

  private final Path path;
  private final FSDataInputStream in;
  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

  private GgufReader(Path path, FSDataInputStream in) {
    this.path = path;
    this.in = in;
  }

  /** @throws UserError naming the file when it is damaged or no GGUF file */
  public static GgufReader open(Configuration conf, Path path) {
    FileSystem fs = Storage.of(conf, path);
    long size = Storage.file(fs, path).getLen();
    GgufReader reader = null;
    boolean opened = false;
    try {
      reader = new GgufReader(path, fs.open(path));
      reader.readHead(new GgufInput(reader.in, size, path.toString()), size);
      opened = true;
      return reader;
    } catch (EOFException e) {
      throw new UserError(path + " is damaged: it ends within its head", e);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    } finally {
      if (!opened && reader != null) reader.close();
    }
  }

  /** Whether a file begins as GGUF files do. @throws UserError when it is missing or a folder */
  public static boolean isGguf(FileSystem fs, Path path) {
    if (Storage.file(fs, path).getLen() < 4) return false;
    byte[] magic = new byte[4];
    try (FSDataInputStream in = fs.open(path)) {
      in.readFully(0, magic);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
    return Arrays.equals(magic, new byte[]{'G', 'G', 'U', 'F'});
  }

  private void readHead(GgufInput head, long size) throws IOException {
    if (size < 24 || head.u32() != GgufWriter.MAGIC) throw new UserError(path + " is no GGUF file");
    int version = head.u32();
    if (version != 2 && version != 3)
      throw new UserError(path + " is GGUF version " + Integer.toUnsignedString(version) + "; 2 and 3 are read");
    long tensorCount = head.count("tensors", 24), entries = head.count("metadata entries", 13);
    for (long i = 0; i < entries; i++) {
      String key = head.name();
      if (metadata.put(key, head.value(head.u32(), 0)) != null)
        throw head.damaged("the key " + key + " is there twice");
    }
    for (long i = 0; i < tensorCount; i++) {
      GgufTensor t = tensor(head);
      if (tensors.put(t.name(), t) != null) throw head.damaged("tensor " + t.name() + " is there twice");
    }
    placeAll(head, size);
  }

  private static GgufTensor tensor(GgufInput head) throws IOException {
    String name = head.name();
    int dimensions = head.u32();
    if (dimensions < 0 || dimensions > MOST_DIMENSIONS) {
      throw head
          .damaged(name + " has " + Integer.toUnsignedString(dimensions) + " dimensions; at most " + MOST_DIMENSIONS);
    }
    long[] shape = new long[dimensions];
    long count = 1;
    try {
      for (int i = dimensions - 1; i >= 0; i--) {
        shape[i] = head.u64();
        if (shape[i] < 0) throw new ArithmeticException();
        count = Math.multiplyExact(count, shape[i]);
      }
    } catch (ArithmeticException e) {
      throw head.damaged(name + " has a shape beyond all sizes");
    }
    return new GgufTensor(name, head.u32(), shape, head.u64());
  }

  /** Turns offsets into places in the file and holds those of known types to its size. */
  private void placeAll(GgufInput head, long size) {
    long alignment = metadata.get("general.alignment") instanceof Long n ? n : GgufWriter.ALIGNMENT;
    if (alignment < 1 || alignment > 1 << 20 || Long.bitCount(alignment) != 1)
      throw head.damaged("its alignment is " + alignment);
    long data = (head.position() + alignment - 1) / alignment * alignment;
    for (var entry : tensors.entrySet()) {
      GgufTensor t = entry.getValue();
      if (t.offset() < 0 || t.offset() > size || data + t.offset() > size)
        throw head.damaged(t.name() + " begins after its end");
      GgufTensor placed = new GgufTensor(t.name(), t.typeId(), t.shape(), data + t.offset());
      GgufType type = GgufType.of(t.typeId());
      if (type != null && bytes(head, type, t) > size - placed.offset()) {
        throw head.damaged(t.name() + " ends after it; the file was truncated");
      }
      entry.setValue(placed);
    }
  }

  private static long bytes(GgufInput head, GgufType type, GgufTensor t) {
    long[] shape = t.shape();
    long row = shape.length == 0 ? 1 : shape[shape.length - 1];
    if (!type.fits(row) || row > Integer.MAX_VALUE)
      throw head.damaged(t.name() + " has rows of " + row + " as " + type);
    try {
      return type.bytes(row == 0 ? 0 : t.count() / row, row);
    } catch (ArithmeticException e) {
      throw head.damaged(t.name() + " has a shape beyond all sizes");
    }
  }

  /** Whole numbers as Long, others as Double, Boolean, String, and lists of them; in the file's order. */
  public Map<String, Object> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** In the file's order. */
  public List<GgufTensor> tensors() {
    return List.copyOf(tensors.values());
  }

  /** A whole tensor as float32, row-major; for small ones. */
  public float[] read(String name) {
    GgufTensor t = tensors.get(name);
    if (t == null) throw new IllegalArgumentException(path + " has no tensor " + name);
    GgufType type = GgufType.of(t.typeId());
    if (type == null) throw new UserError(path + ": " + name + " is " + t.typeName() + "; F32, F16 and Q8_0 are read");
    float[] all = new float[Math.toIntExact(t.count())];
    byte[] bytes = new byte[Math
        .toIntExact(type.bytes(all.length == 0 ? 0 : all.length / t.rowLength(), t.rowLength()))];
    try {
      in.readFully(t.offset(), bytes);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
    type.decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), all);
    return all;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      // Read-only: nothing is lost.
    }
  }
}
