package dev.kindling.checkpoint;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local disks as Hadoop has them, which starts {@code chmod} for every file and folder that it makes where its native library is not
 * there: ten processes a checkpoint. Here the same permissions are set by a system call. As {@code chmod} does, it leaves a folder
 * its setgid bit, by which all that is made in a folder of a group belongs to the group.
 */
final class LocalFiles extends RawLocalFileSystem {
  private static final boolean UNIX = FileSystems.getDefault().supportedFileAttributeViews().contains("unix");
  private static final String MODE = "unix:mode";
  private static final int SETGID = 02000, PERMISSIONS = 0777;

  static LocalFiles of(Configuration conf) throws IOException {
    LocalFiles files = new LocalFiles();
    files.initialize(URI.create("file:///"), conf);
    return files;
  }

  @Override
  public void setPermission(Path path, FsPermission permission) throws IOException {
    if (permission.getStickyBit() || !UNIX) {
      super.setPermission(path, permission);
      return;
    }
    java.nio.file.Path file = pathToFile(path).toPath();
    int kept = Files.isDirectory(file) ? (Integer) Files.getAttribute(file, MODE) & SETGID : 0;
    Files.setAttribute(file, MODE, kept | permission.toShort() & PERMISSIONS);
  }
}
