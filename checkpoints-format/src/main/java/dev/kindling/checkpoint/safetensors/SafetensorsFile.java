package dev.kindling.checkpoint.safetensors;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.StoredTensor;
import dev.kindling.checkpoint.UserError;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** One open safetensors file, read at positions; several threads may read. */
final class SafetensorsFile implements Closeable {
  private final Path path;
  private final FSDataInputStream in;
  private final SafetensorsHeader header;

  private SafetensorsFile(Path path, FSDataInputStream in, SafetensorsHeader header) {
    this.path = path;
    this.in = in;
    this.header = header;
  }

  static SafetensorsFile open(FileSystem fs, Path path) {
    long size = Storage.file(fs, path).getLen();
    FSDataInputStream in = null;
    try {
      in = fs.open(path);
      SafetensorsFile file = new SafetensorsFile(path, in, header(in, size, path.toString()));
      in = null;
      return file;
    } catch (IOException e) {
      throw Storage.failed(path, e);
    } finally {
      closeQuietly(in);
    }
  }

  private static void closeQuietly(FSDataInputStream in) {
    try {
      if (in != null) in.close();
    } catch (IOException e) {
      // The error that brought us here tells more.
    }
  }

  /** No byte is allocated for a length that the file's own size does not bear out. */
  private static SafetensorsHeader header(FSDataInputStream in, long size, String where) throws IOException {
    if (size < 10)
      throw new UserError(where + " is damaged: it has " + size + " bytes, too few for a safetensors file");
    byte[] length = new byte[8];
    in.readFully(0, length);
    long n = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (n < 2 || n > SafetensorsHeader.LIMIT || n > size - 8) {
      throw new UserError(where + " is damaged or no safetensors file: its header claims " + Long.toUnsignedString(n)
          + " bytes; the file has " + size + " and a header at most " + SafetensorsHeader.LIMIT);
    }
    byte[] json = new byte[(int) n];
    in.readFully(8, json);
    if (json[0] != '{')
      throw new UserError(where + " is damaged or no safetensors file: its header does not begin with {");
    return SafetensorsHeader.parse(json, 8 + n, size - 8 - n, where);
  }

  SafetensorsHeader header() {
    return header;
  }

  Path path() {
    return path;
  }

  StoredTensor tensor(String name) {
    SafetensorsHeader.Placed placed = header.tensors().get(name);
    if (placed == null) throw new IllegalArgumentException(path + " has no tensor " + name);
    return new StoredTensor(placed.spec(), in::readFully, placed.offset(), path);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
