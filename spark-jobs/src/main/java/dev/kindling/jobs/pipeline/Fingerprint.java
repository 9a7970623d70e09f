package dev.kindling.jobs.pipeline;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * What a stage's result depends on, as one SHA-256: its command line, its YAML file, the stages before it, and the names, sizes and
 * times of the files that it reads and no stage writes.
 */
record Fingerprint(Configuration conf, StageGraph graph) {
  private static final int LARGEST_FILE = 1 << 20;

  /** @param known of the stages before it; @throws UserError where something that it reads is not there */
  String of(Stage stage, Map<String, String> known) {
    MessageDigest digest = sha256();
    stage.words().forEach(word -> add(digest, word.getBytes(StandardCharsets.UTF_8)));
    stage.config().ifPresent(file -> add(digest, Storage.readSmall(Storage.of(conf, file), file, LARGEST_FILE)));
    for (String before : graph.needs().get(stage.name())) {
      add(digest, known.get(before).getBytes(StandardCharsets.UTF_8));
    }
    for (String read : stage.reads()) {
      if (writtenHere(read)) continue;
      for (String file : files(stage, read)) add(digest, file.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private boolean writtenHere(String path) {
    return graph.inOrder().stream().map(Stage::writes).flatMap(Set::stream).anyMatch(w -> Stage.within(path, w));
  }

  private List<String> files(Stage stage, String pattern) {
    Path path = new Path(pattern);
    FileSystem fs = Storage.of(conf, path);
    List<String> found = new ArrayList<>();
    try {
      FileStatus[] matched = fs.globStatus(path);
      if (matched == null || matched.length == 0) {
        throw new UserError("stage " + stage.name() + " reads " + pattern + ", which is not there and which no stage "
            + "writes; correct the path, or name it among the writes of the stage that makes it");
      }
      for (FileStatus each : matched) {
        if (each.isFile()) {
          found.add(told(each));
        } else {
          RemoteIterator<LocatedFileStatus> all = fs.listFiles(each.getPath(), true);
          while (all.hasNext()) found.add(told(all.next()));
        }
      }
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
    Collections.sort(found);
    return found;
  }

  private static String told(FileStatus file) {
    return file.getPath() + " " + file.getLen() + " " + file.getModificationTime();
  }

  private static void add(MessageDigest digest, byte[] part) {
    digest.update((part.length + ":").getBytes(StandardCharsets.UTF_8));
    digest.update(part);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
