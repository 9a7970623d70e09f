package dev.kindling.checkpoint;

import java.io.Serializable;

/**
 * A file that was written: what a manifest says of it and what a rank tells the one that commits.
 *
 * @param name relative to its folder, with {@code /}; @param size bytes; @param sha256 64 lower-case hexadecimal digits
 */
public record FileEntry(String name, long size, String sha256) implements Serializable {
  public FileEntry {
    if (name.isEmpty() || name.startsWith("/") || name.contains("\\") || ("/" + name + "/").contains("/../")) {
      throw new IllegalArgumentException("not a name inside a folder: " + name);
    }
    if (size < 0) throw new IllegalArgumentException(name + " has a negative size");
    if (!sha256.matches("[0-9a-f]{64}")) throw new IllegalArgumentException(name + " has no SHA-256: " + sha256);
  }
}
