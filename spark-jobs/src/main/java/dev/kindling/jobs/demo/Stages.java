package dev.kindling.jobs.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * What has been done in an output folder: a file a stage, written when the stage is whole, with the fingerprint of all that
 * went into it and the names of the files that came out. The same fingerprint again while those files are there, and the
 * stage's result is read instead of made.
 */
final class Stages {
  private static final ObjectMapper JSON = new ObjectMapper()
      .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

  private final FileSystem files;
  private final Path folder;

  /** @param folder for the files; it need not exist */
  Stages(FileSystem files, Path folder) {
    this.files = files;
    this.folder = folder;
  }

  /** The work of a stage. */
  @FunctionalInterface
  interface Work<R> {
    R run() throws IOException;
  }

  /**
   * How a stage ended.
   *
   * @param seconds that the work took when it was done
   * @param fresh whether it was done now
   */
  record Done<R>(R result, double seconds, boolean fresh) {}

  /**
   * Does a stage, or reads what it gave when the same was done before. What an interrupted run of the same stage left in the
   * output stays, for the work to go on from; what other settings or inputs left is deleted, and so is the rest of an output
   * that was whole and has lost a file since.
   *
   * @param fingerprint of the settings and of all input; @param output the stage's own folder, or null
   * @param type what the work gives
   */
  <R extends Record> Done<R> run(String name, String fingerprint, Path output, Class<R> type, Work<R> work)
      throws IOException {
    Optional<Before<R>> before = before(name, fingerprint, type);
    if (before.isPresent()) {
      if (allThere(before.get().files(), output)) return before.get().done();
      files.delete(begun(name), false);          // nothing to go on from: it is made anew
    }
    Path file = file(name);
    files.delete(file, false);
    begin(name, fingerprint, output);
    long start = System.nanoTime();
    R result = work.run();
    double seconds = (System.nanoTime() - start) / 1e9;
    ObjectNode json = JSON.createObjectNode().put("fingerprint", fingerprint).put("seconds", seconds);
    json.set("files", JSON.valueToTree(filesUnder(output)));
    json.set("result", JSON.valueToTree(result));
    Path pending = new Path(folder, "." + name + ".tmp");
    try (FSDataOutputStream out = files.create(pending, true)) {
      out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
    }
    if (!files.rename(pending, file)) throw new IOException(pending + " could not be renamed to " + file);
    return new Done<>(result, seconds, true);
  }

  private void begin(String name, String fingerprint, Path output) throws IOException {
    Path begun = begun(name);
    boolean same = files.exists(begun)
        && new String(Storage.readSmall(files, begun, 1 << 10), StandardCharsets.UTF_8).equals(fingerprint);
    if (same) return;
    if (output != null) files.delete(output, true);
    try (FSDataOutputStream out = files.create(begun, true)) {
      out.write(fingerprint.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** What a stage's record says. @param files that were there when it was done, relative to its output */
  private record Before<R>(Done<R> done, List<String> files) {}

  private <R extends Record> Optional<Before<R>> before(String name, String fingerprint, Class<R> type) {
    Path file = file(name);
    if (!Storage.exists(files, file)) return Optional.empty();
    try {
      JsonNode json = JSON.readTree(new String(Storage.readSmall(files, file, 1 << 26), StandardCharsets.UTF_8));
      if (!json.path("fingerprint").asText().equals(fingerprint)) return Optional.empty();
      Done<R> done = new Done<>(JSON.treeToValue(json.required("result"), type), json.path("seconds").asDouble(),
          false);
      return Optional.of(new Before<>(done, List.of(JSON.treeToValue(json.required("files"), String[].class))));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      return Optional.empty();           // damaged or without all that belongs in it: the stage is done again
    }
  }

  private boolean allThere(List<String> names, Path output) {
    return names.stream().allMatch(name -> Storage.exists(files, new Path(output, name)));
  }

  private List<String> filesUnder(Path output) throws IOException {
    List<String> names = new ArrayList<>();
    if (output == null || !files.exists(output)) return names;
    int root = files.makeQualified(output).toUri().getPath().length() + 1;
    RemoteIterator<LocatedFileStatus> all = files.listFiles(output, true);
    while (all.hasNext()) names.add(all.next().getPath().toUri().getPath().substring(root));
    names.sort(null);
    return names;
  }

  /** Says with which fingerprint the stage was begun. */
  private Path begun(String name) {
    return new Path(folder, name + ".begun");
  }

  private Path file(String name) {
    return new Path(folder, name + ".json");
  }

  /** One SHA-256 over what a stage depends on; @param parts settings as text and the fingerprints of former stages */
  static String fingerprint(String... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
