package dev.kindling.checkpoint.commit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.UserError;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * What makes a folder a checkpoint: its step, the attempt that wrote it, and every file with size and hash. It carries
 * the hash of itself, so that a changed manifest is no manifest.
 *
 * @param step finished optimizer steps; @param epoch number of the attempt that wrote it, from 1
 * @param weightsSha256 {@link dev.kindling.checkpoint.WeightsHash} of the weights, or empty
 * @param files sorted by name; @param details what the run wants to keep: configuration, metrics, data fingerprints,
 *   lineage
 */
public record Manifest(long step, long epoch, String weightsSha256, List<FileEntry> files, ObjectNode details) {
  public static final String FILE = "manifest.json";
  private static final String FORMAT = "kindling-checkpoint", SELF = "manifestSha256", NO_HASH = "0".repeat(64);
  private static final int VERSION = 1;

  public Manifest {
    if (step < 0 || epoch < 1) throw new IllegalArgumentException("step " + step + ", epoch " + epoch);
    files = files.stream().sorted(Comparator.comparing(FileEntry::name)).toList();
    details = details.deepCopy();
    Set<String> names = new HashSet<>();
    for (FileEntry f : files) {
      if (!names.add(f.name())) throw new IllegalArgumentException("two files are called " + f.name());
    }
  }

  @Override
  public ObjectNode details() {
    return details.deepCopy();
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(FileEntry::size).sum();
  }

  byte[] toBytes() {
    ObjectNode json = Json.object();
    json.put("format", FORMAT).put("version", VERSION).put("step", step).put("epoch", epoch);
    json.put("weightsSha256", weightsSha256);
    var list = json.putArray("files");
    for (FileEntry f : files) list.addObject().put("name", f.name()).put("size", f.size()).put("sha256", f.sha256());
    json.set("details", details);
    json.put(SELF, NO_HASH);
    byte[] bytes = Json.bytes(json);
    return withSelf(bytes, placeOfSelf(bytes), hash(bytes));
  }

  /**
   * @param where the file, for errors; @throws UserError when this is no manifest or was changed after it was written
   */
  static Manifest parse(byte[] bytes, String where) {
    ObjectNode json = Json.parse(bytes, where);
    if (!json.path("format").asText().equals(FORMAT))
      throw new UserError(where + " is not the manifest of a checkpoint");
    int place = placeOfSelf(bytes);
    if (place < 0 || !json.path(SELF).asText().equals(hash(withSelf(bytes, place, NO_HASH)))) {
      throw new UserError(where + " is damaged: it was changed after it was written");
    }
    if (json.path("version").asInt() != VERSION) {
      throw new UserError(where + ": version is " + json.path("version") + "; this program reads " + VERSION);
    }
    try {
      List<FileEntry> files = new ArrayList<>();
      for (JsonNode f : json.path("files")) {
        files.add(new FileEntry(f.path("name").asText(), f.path("size").asLong(-1), f.path("sha256").asText()));
      }
      ObjectNode details = json.path("details") instanceof ObjectNode o ? o : Json.object();
      return new Manifest(json.path("step").asLong(-1), json.path("epoch").asLong(-1),
          json.path("weightsSha256").asText(),
          files, details);
    } catch (IllegalArgumentException e) {
      throw new UserError(where + " is damaged: " + e.getMessage(), e);
    }
  }

  /**
   * Where the 64 digits of the document's own hash begin, or -1. They are found in the bytes: numbers are not written
   * alike everywhere.
   */
  private static int placeOfSelf(byte[] bytes) {
    String key = '"' + SELF + "\" : \"";
    int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf(key) + key.length();
    return at < key.length() || at + NO_HASH.length() > bytes.length ? -1 : at;
  }

  private static byte[] withSelf(byte[] bytes, int place, String digits) {
    byte[] changed = bytes.clone();
    System.arraycopy(digits.getBytes(StandardCharsets.ISO_8859_1), 0, changed, place, NO_HASH.length());
    return changed;
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
