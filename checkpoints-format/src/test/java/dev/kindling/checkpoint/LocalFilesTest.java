package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs({OS.LINUX, OS.MAC})
class LocalFilesTest {
  @TempDir
  Path folder;

  @Test
  void filesAndFoldersAreMadeWithoutAProcessAndWithHadoopsPermissions() throws IOException {
    Configuration conf = new Configuration();
    Path made = folder.resolve("a/b/file");
    try (Recording recording = new Recording()) {
      recording.enable("jdk.ProcessStart");
      recording.start();
      FileSystem files = Storage.of(conf, new org.apache.hadoop.fs.Path(made.toString()));
      try (PendingFile out = PendingFile.create(files, new org.apache.hadoop.fs.Path(made.toString()))) {
        out.write(1);
        out.commit("file");
      }
      recording.stop();
      Path events = folder.resolve("events.jfr");
      recording.dump(events);
      List<RecordedEvent> starts = RecordingFile.readAllEvents(events);
      assertThat(starts).extracting(event -> event.getString("command"))
          .filteredOn(command -> command.contains(folder.toString()))
          .isEmpty();
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made))).isEqualTo("rw-r--r--");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made.getParent()))).isEqualTo("rwxr-xr-x");
  }

  @Test
  void permissionsAreThoseThatWereAskedFor() throws IOException {
    Path file = Files.createFile(folder.resolve("secret"));
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(file.toString());
    FileSystem files = Storage.of(new Configuration(), path);
    files.setPermission(path, new FsPermission((short) 0640));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-r-----");
    assertThat(files.getFileStatus(path).getPermission()).isEqualTo(new FsPermission((short) 0640));
  }

  @Test
  void foldersOfAGroupStayOfTheGroup() throws IOException {
    Path shared = Files.createDirectory(folder.resolve("shared"));
    Files.setAttribute(shared, "unix:mode", 02775);
    FileSystem files = Storage.of(new Configuration(), new org.apache.hadoop.fs.Path(shared.toString()));
    files.mkdirs(new org.apache.hadoop.fs.Path(shared.toString(), "run/step"));
    files.setPermission(new org.apache.hadoop.fs.Path(shared.toString()), new FsPermission((short) 0750));
    assertThat(mode(shared)).isEqualTo("2750");
    assertThat(mode(shared.resolve("run"))).isEqualTo("2755");
    assertThat(mode(shared.resolve("run/step"))).isEqualTo("2755");
  }

  private static String mode(Path path) throws IOException {
    return Integer.toOctalString((Integer) Files.getAttribute(path, "unix:mode") & 07777);
  }

  @Test
  void aUsersOwnWayToDisksIsKept() {
    Configuration conf = new Configuration();
    conf.set("fs.file.impl", OwnDisks.class.getName());
    conf.setBoolean("fs.file.impl.disable.cache", true);
    FileSystem files = Storage.of(conf, new org.apache.hadoop.fs.Path(folder.toString()));
    assertThat(files).isInstanceOf(OwnDisks.Raw.class);
  }

  /** Local disks with a raw file system that is not Hadoop's. */
  public static final class OwnDisks extends LocalFileSystem {
    public OwnDisks() {
      super(new Raw());
    }

    static final class Raw extends RawLocalFileSystem {}
  }
}
