package dev.kindling.checkpoint.folder;

import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.PendingFile;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Files that are all written under temporary names before any of them is seen. What is not published goes away when this
 * is closed.
 */
final class StagedFiles implements ModelFolderWriter.Destination, Closeable {
  private final FileSystem fs;
  private final Path folder;
  private final List<PendingFile> files = new ArrayList<>();

  StagedFiles(FileSystem fs, Path folder) {
    this.fs = fs;
    this.folder = folder;
  }

  @Override
  public FileEntry write(String name, ModelFolderWriter.Content content) throws IOException {
    PendingFile file = PendingFile.create(fs, new Path(folder, name));
    files.add(file);
    content.writeTo(file);
    return file.finish(name);
  }

  /** Makes them visible, in the order in which they were written. */
  void publish() throws IOException {
    for (PendingFile file : files) file.publish();
  }

  @Override
  public void close() throws IOException {
    IOException failed = null;
    for (PendingFile file : files) {
      try {
        file.close();
      } catch (IOException e) {
        if (failed == null) failed = e;
        else failed.addSuppressed(e);
      }
    }
    if (failed != null) throw failed;
  }
}
