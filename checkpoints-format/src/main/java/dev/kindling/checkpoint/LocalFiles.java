package dev.kindling.checkpoint;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local disks as Hadoop has them, which starts {@code chmod} for every file and folder that it makes where its native library is not
 * there: ten processes a checkpoint. Here the same permissions are set by a system call.
 */
final class LocalFiles extends RawLocalFileSystem {
  private static final boolean POSIX = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  static LocalFiles of(Configuration conf) throws IOException {
    LocalFiles files = new LocalFiles();
    files.initialize(URI.create("file:///"), conf);
    return files;
  }

  @Override
  public void setPermission(Path path, FsPermission permission) throws IOException {
    if (permission.getStickyBit() || !POSIX) {
      super.setPermission(path, permission);
    } else {
      Files.setPosixFilePermissions(pathToFile(path).toPath(), PosixFilePermissions.fromString(permission.toString()));
    }
  }
}
