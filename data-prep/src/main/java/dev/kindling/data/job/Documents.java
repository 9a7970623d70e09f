package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.clean.Normalizer;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusPiece;
import dev.kindling.data.corpus.CorpusReader;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Document;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.Fingerprint;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.TaskCompletionListener;

/** The corpus as Spark sees it: its files, what they hold, and their normalised documents. */
final class Documents {
  private static final long SMALLEST_PIECE = 1 << 20;
  private static final long LARGEST_PIECE = 128 << 20;

  private final JavaSparkContext spark;
  private final CorpusSource source;
  private final Broadcast<HadoopSettings> settings;
  private final List<CorpusFile> files;

  private Documents(JavaSparkContext spark, CorpusSource source, Broadcast<HadoopSettings> settings,
      List<CorpusFile> files) {
    this.spark = spark;
    this.source = source;
    this.settings = settings;
    this.files = files;
  }

  /** @throws UserError where a path is missing or without files, or all files are empty */
  static Documents of(JavaSparkContext spark, CorpusSource source) {
    List<CorpusFile> files = CorpusFile.list(spark.hadoopConfiguration(), source);
    Documents documents = new Documents(spark, source, spark.broadcast(new HadoopSettings(spark.hadoopConfiguration())),
        files);
    if (documents.bytes() == 0) throw documents.empty();
    return documents;
  }

  Broadcast<HadoopSettings> settings() {
    return settings;
  }

  int files() {
    return files.size();
  }

  long bytes() {
    return files.stream().mapToLong(CorpusFile::bytes).sum();
  }

  UserError empty() {
    return new UserError("input " + String.join(", ", source.paths()) + " is empty: no document with text in "
        + (files.size() == 1 ? "1 file" : files.size() + " files") + "; give a corpus with at least one");
  }

  /** Reads every file once for its SHA-256: the same bytes under the same names give the same answer, wherever they lie. */
  DatasetInfo.Inputs inputs() {
    Broadcast<HadoopSettings> hadoop = settings;
    List<String> hashes = spark.parallelize(files, Math.min(files.size(), spark.defaultParallelism() * 4))
        .map(file -> file.name() + '\n' + file.bytes() + '\n' + sha256(hadoop.value().conf(), file.path()) + '\n')
        .collect();
    return new DatasetInfo.Inputs(files.size(), bytes(), Fingerprint.of(String.join("", hashes)));
  }

  /** Normalised documents that have text left, each an id and a text, in any order. */
  JavaRDD<CleanDocument> clean() {
    Configuration conf = spark.hadoopConfiguration();
    long pieceBytes = Math.max(SMALLEST_PIECE,
        Math.min(LARGEST_PIECE, bytes() / (spark.defaultParallelism() * 4L) + 1));
    List<CorpusPiece> pieces = CorpusPiece.cut(conf, files, source.format(), pieceBytes);
    int partitions = (int) Math.min(pieces.size(),
        Math.max(spark.defaultParallelism() * 4L, bytes() / SMALLEST_PIECE + 1));
    Broadcast<HadoopSettings> hadoop = settings;
    CorpusSource from = source;
    return spark.parallelize(pieces, partitions).flatMap(piece -> read(hadoop.value().conf(), from, piece));
  }

  private static Iterator<CleanDocument> read(Configuration conf, CorpusSource source, CorpusPiece piece) {
    CorpusReader reader = CorpusReader.open(conf, source, piece);
    TaskCompletionListener closing = context -> close(reader);
    TaskContext.get().addTaskCompletionListener(closing);
    Stream<Document> documents = StreamSupport.stream(Spliterators.spliteratorUnknownSize(reader, 0), false);
    return documents.map(document -> new CleanDocument(document.id(), Normalizer.normalize(document.text())))
        .filter(document -> !document.text().isEmpty()).iterator();
  }

  private static void close(CorpusReader reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String sha256(Configuration conf, String path) throws IOException {
    MessageDigest digest = Fingerprint.digest();
    Path file = new Path(path);
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = file.getFileSystem(conf).open(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) digest.update(buffer, 0, n);
    }
    return Fingerprint.hex(digest.digest());
  }

  /** A document on its way through the job. */
  record CleanDocument(String id, String text) implements Serializable {}
}
