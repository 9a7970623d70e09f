package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusReader;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.Fingerprint;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The corpus: its inputs with their files, how much they are, what they hold, and their documents as {@link DocumentRows}. */
final class Documents {
  private final SparkSession session;
  private final JavaSparkContext spark;
  private final Broadcast<HadoopSettings> settings;
  private final List<Input> inputs;
  private final int named;                    // inputs in all, also those of which no file is read
  private List<Hashed> hashed;

  /** What is known of a file without its name's place: a table counts as one. */
  record Hashed(String input, String file, long bytes, String sha256) implements Serializable {}

  /** An input and its files; a table has none. */
  private record Input(CorpusSource source, List<CorpusFile> files) implements Serializable {
    long bytes() {
      return files.stream().mapToLong(CorpusFile::bytes).sum();
    }

    /** What stands before the ids of its documents, where there are several inputs. */
    String idPrefix(int inputs) {
      return inputs == 1 ? "" : source.name() + "/";
    }
  }

  private Documents(SparkSession session, List<Input> inputs, int named) {
    this.session = session;
    this.inputs = inputs;
    this.named = named;
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    settings = spark.broadcast(new HadoopSettings(spark.hadoopConfiguration()));
  }

  /** @throws UserError where a path is missing or without files, or all files are empty, or two inputs share a name */
  static Documents of(SparkSession session, List<CorpusSource> sources) {
    Set<String> names = new HashSet<>();
    for (CorpusSource source : sources)
      if (!names.add(source.name()))
        throw new UserError("two inputs have the name " + source.name() + "; give each a name of its own");
    Configuration conf = session.sparkContext().hadoopConfiguration();
    List<Input> inputs = new ArrayList<>();
    for (CorpusSource source : sources)
      inputs.add(new Input(source, source.format().isTable() ? List.of() : CorpusFile.list(conf, source)));
    Documents documents = new Documents(session, inputs, inputs.size());
    boolean tables = sources.stream().anyMatch(source -> source.format().isTable());
    if (documents.bytes() == 0 && !tables) throw documents.empty();
    return documents;
  }

  Broadcast<HadoopSettings> settings() {
    return settings;
  }

  int files() {
    return inputs.stream().mapToInt(input -> input.files().size()).sum();
  }

  /** Tables and queries among the inputs. */
  long tables() {
    return inputs.stream().map(Input::source).filter(source -> source.format().isTable())
        .mapToLong(source -> source.paths().size()).sum();
  }

  /** Of all tables, which are read for it when nothing was yet. */
  long rows() {
    Set<String> tables = new HashSet<>();
    for (Input input : inputs) if (input.source().format().isTable()) tables.add(input.source().name());
    return tables.isEmpty()
        ? 0
        : hashed().stream().filter(each -> tables.contains(each.input()))
            .mapToLong(table -> TableRows.count(table.sha256())).sum();
  }

  /** What is read, such as {@code 2 files, 0.1 MB, and 1 table or query}. */
  String size() {
    String files = String.format("%s, %.1f MB", Count.of(files(), "file"), bytes() / 1e6);
    if (tables() == 0) return files;
    return files() == 0 ? Count.ofTables(tables()) : files + ", and " + Count.ofTables(tables());
  }

  /** Of all files; what tables hold is not known. */
  long bytes() {
    return inputs.stream().mapToLong(Input::bytes).sum();
  }

  /** Where a document is, for who looks for it there: file and line, or row. */
  String place(String id, String file, long position) {
    for (Input input : inputs) {
      if (!id.startsWith(input.idPrefix(named))) continue;
      if (input.source().format().isTable() && input.source().paths().contains(file)) return "a row of " + file;
      for (CorpusFile one : input.files())
        if (one.name().equals(file))
          return CorpusReader.place(spark.hadoopConfiguration(), input.source(), one.path(), position);
    }
    return file + "@" + position;
  }

  /** Of one input. */
  int files(String input) {
    return inputs.stream().filter(one -> one.source().name().equals(input)).mapToInt(one -> one.files().size()).sum();
  }

  /** What stands between documents, by the names of the inputs that have such a thing and a file. */
  Map<String, String> separators() {
    Map<String, String> separators = new LinkedHashMap<>();
    for (Input input : inputs)
      if (!input.source().separator().isEmpty() && !input.files().isEmpty())
        separators.put(input.source().name(), input.source().separator());
    return separators;
  }

  /** Sizes of the files, by {@link #fileKey}. */
  Map<String, Long> bytesByFile() {
    Map<String, Long> bytes = new HashMap<>();
    for (Input input : inputs)
      for (CorpusFile file : input.files()) bytes.put(fileKey(input.source().name(), file.name()), file.bytes());
    return bytes;
  }

  /** A file of an input: two inputs may have files of the same name. */
  static String fileKey(String input, String file) {
    return input + "\0" + file;
  }

  /** Names of files without a byte. */
  List<String> emptyFiles() {
    return inputs.stream().flatMap(input -> input.files().stream()).filter(file -> file.bytes() == 0)
        .map(CorpusFile::name).toList();
  }

  UserError empty() {
    List<String> paths = inputs.stream().flatMap(input -> input.source().paths().stream()).toList();
    return new UserError("input " + String.join(", ", paths) + " is empty: no document with text in " + size()
        + "; give a corpus with at least one");
  }

  /**
   * Reads every file once for its SHA-256: the same bytes under the same names give the same answer, wherever they lie. Of
   * tables the rows count, in any order.
   */
  DatasetInfo.Inputs inputs() {
    StringBuilder all = new StringBuilder();
    for (Input input : inputs) {
      String name = input.source().name();
      if (named > 1) all.append(name).append('\n');
      for (Hashed file : hashed()) {
        if (!file.input().equals(name)) continue;
        all.append(input.source().format().isTable()
            ? file.sha256()
            : file.file() + '\n' + file.bytes() + '\n' + file.sha256() + '\n');
      }
    }
    return new DatasetInfo.Inputs(files(), bytes(), tables(), rows(), Fingerprint.of(all.toString()));
  }

  /** All files with what they hold, read when first asked for; of a table its rows' fingerprint. */
  List<Hashed> hashed() {
    if (hashed != null) return hashed;
    List<Hashed> all = new ArrayList<>();
    for (Input input : inputs) {
      CorpusSource source = input.source();
      if (source.format().isTable())
        all.add(new Hashed(source.name(), String.join("\n", source.paths()), 0,
            TableRows.of(session, source).fingerprint()));
      else
        all.addAll(hashed(source.name(), input.files()));
    }
    hashed = List.copyOf(all);
    return hashed;
  }

  private List<Hashed> hashed(String input, List<CorpusFile> files) {
    if (files.isEmpty()) return List.of();
    Broadcast<HadoopSettings> hadoop = settings;
    return spark.parallelize(files, Math.min(files.size(), spark.defaultParallelism() * 4))
        .map(file -> new Hashed(input, file.name(), file.bytes(), sha256(hadoop.value().conf(), file)))
        .collect();
  }

  private static String sha256(Configuration conf, CorpusFile file) {
    try {
      return sha256(conf, file.path());
    } catch (IOException e) {
      throw new UserError(file.path() + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** Some of the files, under other names. @param names by input the files to keep: what each is called, and shall be called */
  Documents only(Map<String, Map<String, String>> names) {
    List<Input> some = new ArrayList<>();
    List<Hashed> theirs = new ArrayList<>();
    for (Input input : inputs) {
      Map<String, String> of = names.getOrDefault(input.source().name(), Map.of());
      if (input.source().format().isTable()) continue;
      some.add(new Input(input.source(), input.files().stream().filter(file -> of.containsKey(file.name()))
          .map(file -> new CorpusFile(file.path(), of.get(file.name()), file.bytes()))
          .sorted(Comparator.comparing(CorpusFile::name)).toList()));
      for (Hashed file : hashed()) {
        boolean kept = file.input().equals(input.source().name()) && of.containsKey(file.file());
        if (kept) theirs.add(new Hashed(file.input(), of.get(file.file()), file.bytes(), file.sha256()));
      }
    }
    Documents documents = new Documents(session, some, named);
    documents.hashed = theirs;
    return documents;
  }

  /**
   * All records in any order, with the columns of {@link Columns#SCHEMA}: normalised documents, those without text and what
   * could not be read as dropped.
   *
   * @param strict whether the first record that cannot be read fails the job
   */
  Dataset<Row> frame(boolean strict) {
    DocumentRows rows = new DocumentRows(session, settings, strict);
    JavaRDD<Row> all = null;
    for (Input input : inputs) {
      JavaRDD<Row> more = rows.of(input.source(), input.files(), input.idPrefix(named));
      all = all == null ? more : all.union(more);
    }
    return session.createDataFrame(all, Columns.SCHEMA);
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
}
