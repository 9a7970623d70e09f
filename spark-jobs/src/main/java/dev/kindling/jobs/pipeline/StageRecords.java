package dev.kindling.jobs.pipeline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** How each stage ended the last time: a small file a stage, beside the lock. */
record StageRecords(Configuration conf, Path folder) {
  /** The exit code of a stage that has begun and has not ended. */
  static final int UNDER_WAY = -1;
  private static final int LARGEST_FILE = 1 << 20;

  /** How a stage ended. @param fingerprint of what went in; @param exit its exit code, or {@link #UNDER_WAY} */
  record Before(String fingerprint, int exit, String ended) {}

  /** Nothing where it never ran, or its file cannot be read. */
  Optional<Before> of(Stage stage) {
    FileSystem fs = Storage.of(conf, folder);
    if (!Storage.exists(fs, file(stage))) return Optional.empty();
    try {
      ObjectNode json = Json.parse(Storage.readSmall(fs, file(stage), LARGEST_FILE), file(stage).toString());
      return Optional.of(new Before(json.path("fingerprint").asText(), json.path("exit").asInt(UNDER_WAY),
          json.path("ended").asText()));
    } catch (UserError damaged) {
      return Optional.empty();
    }
  }

  /** Before a stage runs: what it leaves when it is killed is not what an earlier record tells of. */
  void begun(Stage stage, String fingerprint) throws IOException {
    ended(stage, fingerprint, UNDER_WAY, 0, List.of());
  }

  /** @param said its last lines */
  void ended(Stage stage, String fingerprint, int exit, double seconds, List<String> said) throws IOException {
    ObjectNode json = Json.object().put("stage", stage.name()).put("run", String.join(" ", stage.words()))
        .put("fingerprint", fingerprint).put("exit", exit).put("ended", Instant.now().toString())
        .put("seconds", seconds);
    said.forEach(json.putArray("said")::add);
    try (PendingFile out = PendingFile.create(Storage.of(conf, folder), file(stage))) {
      out.write(Json.bytes(json));
      out.commit(file(stage).getName());
    }
  }

  private Path file(Stage stage) {
    return new Path(folder, stage.name() + ".json");
  }
}
