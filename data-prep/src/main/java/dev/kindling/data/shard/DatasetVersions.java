package dev.kindling.data.shard;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/**
 * The versions of a dataset. What a version added lies in a folder of its own and is never touched again, so that each version stays
 * readable; {@code dataset.json} says which is the newest.
 *
 * <pre>
 *   dataset.json                    the newest version: lists the shards of all that it consists of
 *   training/ documents/ ...        what version 1 brought
 *   versions/0001/version.json      dataset.json as it was, from the first time on that documents were added
 *   versions/0002/version.json      dataset.json of version 2
 *   versions/0002/training/ ...     what version 2 added
 * </pre>
 */
public final class DatasetVersions {
  public static final String FOLDER = "versions";
  /** Of a version's folder: what {@link DatasetInfo#FILE} says when the version is the newest. */
  public static final String FILE = "version.json";

  /** Object stores that show what is written under a name when it is whole, and the former content until then. */
  private static final Set<String> REPLACING = Set.of("s3a", "s3", "gs");

  private DatasetVersions() {
  }

  /** Where the shards and tables are that a version brought. @param version 1 or greater */
  public static Path home(Path dataset, int version) {
    return version == 1 ? dataset : folder(dataset, version);
  }

  /** The folders of all versions up to this one, the first version's first. */
  public static List<Path> homes(Path dataset, DatasetInfo info) {
    List<Path> homes = new ArrayList<>();
    for (int version = 1; version <= info.datasetVersion(); version++) homes.add(home(dataset, version));
    return homes;
  }

  /** How a version calls a file below its own folder. */
  public static String name(int version, String file) {
    return version == 1 ? file : FOLDER + "/" + number(version) + "/" + file;
  }

  private static Path folder(Path dataset, int version) {
    return new Path(new Path(dataset, FOLDER), number(version));
  }

  private static String number(int version) {
    return String.format(Locale.ROOT, "%04d", version);
  }

  /** @param version 1 or greater; @param setting that says it; @throws UserError where the dataset has no such version */
  public static DatasetInfo read(Configuration conf, Path dataset, int version, String setting) {
    DatasetInfo newest = DatasetInfo.read(conf, dataset);
    int there = newest.datasetVersion();
    require(version >= 1 && version <= there, setting, version,
        there == 1 ? "1: documents were never added to " + dataset : "1 to " + there + ", the newest of " + dataset);
    if (version == there) return newest;
    return DatasetInfo.read(conf, dataset, new Path(folder(dataset, version), FILE));
  }

  /** The version that has a fingerprint, the newest first. */
  public static Optional<DatasetInfo> withFingerprint(Configuration conf, Path dataset, String fingerprint) {
    DatasetInfo info = DatasetInfo.read(conf, dataset);
    while (!info.fingerprint().equals(fingerprint)) {
      if (info.datasetVersion() == 1) return Optional.empty();
      info = DatasetInfo.read(conf, dataset, new Path(folder(dataset, info.datasetVersion() - 1), FILE));
    }
    return Optional.of(info);
  }

  /** A version that is whole but not the newest yet: whoever made it was killed before it said so. */
  public static DatasetInfo unpublished(Configuration conf, Path dataset, int version) {
    return DatasetInfo.read(conf, dataset, new Path(folder(dataset, version), FILE));
  }

  /** @throws UserError where the newest version is not the one that a prep began with */
  public static void refuseChanged(Configuration conf, Path dataset, DatasetInfo former) {
    if (!DatasetInfo.read(conf, dataset).fingerprint().equals(former.fingerprint()))
      throw new UserError("another prep has changed the dataset in " + dataset + " meanwhile; nothing was added to it:"
          + " run this one again, when the other has ended");
  }

  /**
   * Makes a version the newest; what it consists of must be in its place.
   *
   * @param former the newest before
   * @throws UserError where it is no longer that
   */
  public static void publish(Configuration conf, Path dataset, DatasetInfo former, DatasetInfo next)
      throws IOException {
    refuseChanged(conf, dataset, former);
    if (former.datasetVersion() == 1) {
      Path kept = new Path(folder(dataset, 1), FILE);
      FileSystem files = Storage.of(conf, kept);
      files.mkdirs(kept.getParent());
      try (PendingFile file = PendingFile.create(files, kept)) {
        file.write(bytes(former));
        file.commit(FILE);
      }
    }
    replace(conf, new Path(dataset, DatasetInfo.FILE), bytes(next));
  }

  private static byte[] bytes(DatasetInfo info) {
    return info.toJson().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * There is no moment without the file where the file system renames over one in a single step, as local disks and HDFS do, or shows
   * a file when it is whole. Elsewhere there may be one: {@link #FILE} in the new version's folder says the same.
   */
  private static void replace(Configuration conf, Path file, byte[] content) throws IOException {
    FileSystem files = Storage.of(conf, file);
    String scheme = files.getUri().getScheme();
    if (REPLACING.contains(scheme)) {
      write(files, file, content);
      return;
    }
    Optional<FileContext> renaming = scheme.equals("file") ? Optional.empty() : renaming(conf, files);
    if (renaming.isPresent()) {
      Path written = new Path(file.getParent(), "." + file.getName() + ".next.tmp");
      write(files, written, content);
      renaming.get().rename(files.makeQualified(written), files.makeQualified(file), Options.Rename.OVERWRITE);
    } else {
      // the checksums of what is replaced must never stand beside what replaces it
      if (scheme.equals("file")) files.delete(new Path(file.getParent(), "." + file.getName() + ".crc"), false);
      try (PendingFile pending = PendingFile.create(files, file)) {
        pending.write(content);
        pending.commit(file.getName());
      }
    }
  }

  /** What renames over files; empty where Hadoop has none for such addresses. */
  private static Optional<FileContext> renaming(Configuration conf, FileSystem files) {
    try {
      return Optional.of(FileContext.getFileContext(files.getUri(), conf));
    } catch (UnsupportedFileSystemException e) {
      return Optional.empty();
    }
  }

  private static void write(FileSystem files, Path file, byte[] content) throws IOException {
    try (FSDataOutputStream out = files.create(file, true)) {
      out.write(content);
      if (out.hasCapability(StreamCapabilities.HSYNC)) out.hsync();
    }
  }
}
