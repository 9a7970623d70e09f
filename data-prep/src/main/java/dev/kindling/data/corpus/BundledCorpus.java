package dev.kindling.data.corpus;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The State of the Union addresses, 1790 to 2021, that Kindling brings: 233 documents, 10.8 MB of English prose. */
public final class BundledCorpus {
  public static final String FILE = "state-of-the-union.jsonl";

  private BundledCorpus() {
  }

  /**
   * Writes the corpus as JSON lines: {@code id}, {@code president}, {@code year}, {@code party}, {@code text}. A file that is
   * there already and has the right size is left alone.
   *
   * @param folder is made where it is missing
   * @return the file
   */
  public static Path extract(Configuration conf, Path folder) {
    Path file = new Path(folder, FILE);
    Path unfinished = new Path(folder, "." + FILE + "." + UUID.randomUUID());
    try (InputStream in = open()) {
      FileSystem files = folder.getFileSystem(conf);
      byte[] corpus = in.readAllBytes();
      if (sizeOf(files, file) == corpus.length) return file;
      try (OutputStream out = files.create(unfinished)) {
        out.write(corpus);
      }
      files.delete(file, false);
      if (!files.rename(unfinished, file)) throw new IOException("could not rename " + unfinished + " to " + file);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The corpus as JSON lines. */
  public static InputStream open() throws IOException {
    return new GZIPInputStream(BundledCorpus.class.getResourceAsStream("/corpus/" + FILE + ".gz"));
  }

  private static long sizeOf(FileSystem files, Path file) throws IOException {
    try {
      return files.getFileStatus(file).getLen();
    } catch (FileNotFoundException e) {
      return -1;
    }
  }
}
