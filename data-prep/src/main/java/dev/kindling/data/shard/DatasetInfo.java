package dev.kindling.data.shard;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ParentNotDirectoryException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;

/**
 * What {@code dataset.json} says; FORMAT.md explains the fields. A folder without this file holds no dataset: it is written
 * last.
 *
 * @param format {@link #FORMAT}
 * @param version of the format: {@link #VERSION}, or {@link #APPENDED} where documents were added
 * @param fingerprint SHA-256 over the inputs' content and all settings: the same means the same dataset
 * @param sequenceLength T, inputs of a row; a row holds T + 1 tokens
 * @param vocabularySize ids are less than this
 * @param endOfText the id between documents
 * @param tokenizer SHA-256 of {@code tokenizer.json} beside this file
 * @param inputs what was read
 * @param configuration the settings, as the user knows them
 * @param training rows to learn from
 * @param heldOut rows of documents that neither the training rows nor the tokenizer have seen
 * @param corpus what became of the records that were read; null in datasets that were made before it was counted
 * @param decontamination what was found of evaluation sets; null where none were looked for
 * @param append which version of the dataset this is; null in the first
 * @param packing how documents became rows; null in datasets that were made before there was a choice
 * @param labels what rows are labelled with; null where they are not
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DatasetInfo(String format, int version, String fingerprint, int sequenceLength, int vocabularySize,
    int endOfText,
    String tokenizer, Inputs inputs, Map<String, String> configuration, Part training, Part heldOut,
    @JsonInclude(JsonInclude.Include.NON_NULL) Corpus corpus,
    @JsonInclude(JsonInclude.Include.NON_NULL) Decontamination decontamination,
    @JsonInclude(JsonInclude.Include.NON_NULL) Append append,
    @JsonInclude(JsonInclude.Include.NON_NULL) Packing packing,
    @JsonInclude(JsonInclude.Include.NON_NULL) DatasetLabels labels) {
  public static final String FILE = "dataset.json";
  public static final String FORMAT = "kindling-dataset";
  public static final int VERSION = 1;
  /** The format of a dataset that documents were added to: shards that are not the last may have fewer rows than others. */
  public static final int APPENDED = 2;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** @throws UserError naming the field that is missing or not allowed */
  public DatasetInfo {
    present("format", format);
    present("fingerprint", fingerprint);
    present("tokenizer", tokenizer);
    present("inputs", inputs);
    present("configuration", configuration);
    present("training", training);
    present("heldOut", heldOut);
    require(sequenceLength > 0, "sequenceLength", sequenceLength, "at least 1");
    require(vocabularySize > 0, "vocabularySize", vocabularySize, "at least 1");
    if (packing != null && isLabelled(packing.kind())) present("labels", labels);
    require(endOfText >= 0 && endOfText < vocabularySize, "endOfText", endOfText,
        "an id below vocabularySize, " + vocabularySize);
    if (append == null) {
      training.refuseUnevenShards();
      heldOut.refuseUnevenShards();
    }
  }

  private static boolean isLabelled(String packing) {
    return Stream.of(dev.kindling.data.pack.Packing.values())
        .anyMatch(kind -> kind.isLabelled() && kind.label().equals(packing));
  }

  /** Which version of the dataset this is: 1, and one more each time that documents were added. */
  public int datasetVersion() {
    return append == null ? 1 : append.version();
  }

  /** A dataset that says nothing of its corpus. */
  public DatasetInfo(String format, int version, String fingerprint, int sequenceLength, int vocabularySize,
      int endOfText, String tokenizer, Inputs inputs, Map<String, String> configuration, Part training, Part heldOut) {
    this(format, version, fingerprint, sequenceLength, vocabularySize, endOfText, tokenizer, inputs, configuration,
        training, heldOut, null, null, null, null, null);
  }

  /**
   * The next version.
   *
   * @param added what was made of the documents that are added; its inputs, fingerprint and decontamination are those of all
   * @param files that are new, of {@code bytes}
   */
  public DatasetInfo plus(DatasetInfo added, long files, long bytes) {
    return new DatasetInfo(FORMAT, APPENDED, added.fingerprint, sequenceLength, vocabularySize, endOfText, tokenizer,
        added.inputs, configuration, training.plus(added.training), heldOut.plus(added.heldOut),
        corpus == null || added.corpus == null ? null : corpus.plus(added.corpus), added.decontamination,
        new Append(datasetVersion() + 1, fingerprint, files, bytes),
        packing == null || added.packing == null ? null : packing.plus(added.packing, places(), added.places()),
        labels == null ? null : labels.plus(added.labels));
  }

  /**
   * Documents that were added to a dataset.
   *
   * @param version of the dataset, 2 or greater
   * @param former fingerprint of the version before
   * @param files that are new in this version, of {@code bytes}
   */
  public record Append(int version, String former, long files, long bytes) {
    public Append {
      require(version >= 2, "append.version", version, "at least 2");
      present("append.former", former);
    }
  }

  /**
   * What became of the records.
   *
   * @param records that were read
   * @param rejected that could not be read
   * @param dropped by each step
   * @param sources what is in the dataset, training and held out, by name
   */
  public record Corpus(long records, long rejected, Map<String, Long> dropped, Map<String, Source> sources) {
    public Corpus {
      present("corpus.dropped", dropped);
      present("corpus.sources", sources);
    }

    /** What became of the records of both. */
    public Corpus plus(Corpus other) {
      Map<String, Long> allDropped = new TreeMap<>(dropped);
      other.dropped.forEach((step, documents) -> allDropped.merge(step, documents, Long::sum));
      Map<String, Source> allSources = new TreeMap<>(sources);
      other.sources.forEach((name, source) -> allSources.merge(name, source, Source::plus));
      return new Corpus(records + other.records, rejected + other.rejected, allDropped, allSources);
    }
  }

  /**
   * Documents that hold a piece of an evaluation set; the table {@code decontaminated} lists them.
   *
   * @param action what became of them: {@code dropped} or {@code flagged}
   * @param documents how many
   * @param table SHA-256 over the table's rows, as FORMAT.md says
   * @param evaluation SHA-256 over the names and contents of the sets' files
   */
  public record Decontamination(String action, long documents, String table, String evaluation) {
    public Decontamination {
      present("decontamination.table", table);
      present("decontamination.evaluation", evaluation);
    }
  }

  /**
   * How documents became rows.
   *
   * @param kind as {@link dev.kindling.data.pack.Packing#label} has it
   * @param cutDocuments of which the tokens are in more than one row
   * @param wastePercent of the places of all rows, training and held out, that hold no target
   * @param longest of pairs of what is read and what is written; null where rows are none
   */
  public record Packing(String kind, long cutDocuments, double wastePercent,
      @JsonInclude(JsonInclude.Include.NON_NULL) LongestPair longest) {
    public Packing {
      present("packing.kind", kind);
      if (kind.equals(dev.kindling.data.pack.Packing.SEQUENCE_TO_SEQUENCE.label())) present("packing.longest", longest);
    }

    /** The same with what is longest in either. */
    Packing longerOf(Packing other) {
      return new Packing(kind, cutDocuments, wastePercent, LongestPair.of(longest, other.longest));
    }

    /** @param places for targets in all rows; @param others those of the other */
    Packing plus(Packing other, long places, long others) {
      double empty = wastePercent * places + other.wastePercent * others;
      return new Packing(kind, cutDocuments + other.cutDocuments, empty == 0 ? 0 : empty / (places + others),
          LongestPair.of(longest, other.longest));
    }
  }

  /** Places for targets in all rows. */
  private long places() {
    return (training.rows() + heldOut.rows()) * sequenceLength;
  }

  /** How documents became rows. */
  @JsonIgnore
  public dev.kindling.data.pack.Packing packingKind() {
    if (packing == null) return dev.kindling.data.pack.Packing.CONCATENATE;
    for (dev.kindling.data.pack.Packing kind : dev.kindling.data.pack.Packing.values())
      if (kind.label().equals(packing.kind())) return kind;
    throw new UserError(
        "packing.kind is " + packing.kind() + ", which this program does not know; use the one that made the dataset");
  }

  /** @param tokens without the end-of-text ones */
  public record Source(long documents, long tokens) {
    Source plus(Source other) {
      return new Source(documents + other.documents, tokens + other.tokens);
    }
  }

  /**
   * What was read.
   *
   * @param files of {@code bytes}
   * @param tables and queries, of {@code rows}; 0 also in datasets that were made before they were counted
   * @param sha256 over the names and contents of all files, and the rows of all tables
   */
  public record Inputs(long files, long bytes, @JsonInclude(JsonInclude.Include.NON_DEFAULT) long tables,
      @JsonInclude(JsonInclude.Include.NON_DEFAULT) long rows, String sha256) {
    public Inputs { present("inputs.sha256", sha256); }

    /** Of files alone. */
    public Inputs(long files, long bytes, String sha256) {
      this(files, bytes, 0, 0, sha256);
    }
  }

  /**
   * One part of the documents, packed.
   *
   * @param documents in this part
   * @param tokens of the documents, without the end-of-text tokens
   * @param targets tokens that are predicted: {@code tokens + documents}
   * @param rows of all shards
   * @param rowsPerShard of every shard but the last; where documents were added, at most
   * @param rowsPerGroup of every Parquet row group but a shard's last
   * @param shards in the order of their rows
   */
  public record Part(long documents, long tokens, long targets, long rows, int rowsPerShard, int rowsPerGroup,
      List<Shard> shards) {
    public Part {
      present("shards", shards);
      require(rowsPerShard > 0, "rowsPerShard", rowsPerShard, "at least 1");
      require(rowsPerGroup > 0, "rowsPerGroup", rowsPerGroup, "at least 1");
      long held = 0;
      for (int i = 0; i < shards.size(); i++) {
        Shard shard = shards.get(i);
        present("a shard", shard);
        refuseUneven(shard, rowsPerShard, shard.rows() <= rowsPerShard);
        held += shard.rows();
      }
      require(rows == held, "rows", rows, "the sum over the shards, " + held);
    }

    private void refuseUnevenShards() {
      for (Shard shard : shards.subList(0, Math.max(0, shards.size() - 1)))
        refuseUneven(shard, rowsPerShard, shard.rows() == rowsPerShard);
    }

    private static void refuseUneven(Shard shard, int rowsPerShard, boolean right) {
      require(right, shard.file() + ", rows", shard.rows(), "rowsPerShard, " + rowsPerShard + ", or less in the last");
    }

    /** The rows of both, those of the other behind. */
    public Part plus(Part other) {
      require(rowsPerGroup == other.rowsPerGroup, "rowsPerGroup", other.rowsPerGroup,
          rowsPerGroup + ", as of the dataset that is added to");
      List<Shard> all = new ArrayList<>(shards);
      all.addAll(other.shards);
      return new Part(documents + other.documents, tokens + other.tokens, targets + other.targets, rows + other.rows,
          Math.max(rowsPerShard, other.rowsPerShard), rowsPerGroup, List.copyOf(all));
    }
  }

  /** @param file path under the dataset's folder; @param sha256 of its bytes */
  public record Shard(String file, long rows, long bytes, String sha256) {
    /** The same with the name that it has in a version's folder. */
    public Shard in(int version) {
      return new Shard(DatasetVersions.name(version, file), rows, bytes, sha256);
    }

    public Shard {
      present("a shard's file", file);
      present("a shard's sha256", sha256);
      require(rows > 0, file + ", rows", rows, "at least 1");
    }
  }

  private static void present(String field, Object value) {
    if (value == null) throw new UserError(field + " is missing");
  }

  /** @param folder of the dataset; @throws UserError where it holds none that can be read */
  public static DatasetInfo read(Configuration conf, Path folder) {
    return read(conf, folder, new Path(folder, FILE));
  }

  /** @param file that says what the folder holds */
  static DatasetInfo read(Configuration conf, Path folder, Path file) {
    try (InputStream in = Storage.reach(conf, file).open(file)) {
      JsonNode json = JSON.readTree(in.readAllBytes());
      String format = json.path("format").asText();
      int version = json.path("version").asInt();
      if (!FORMAT.equals(format) || version != VERSION && version != APPENDED)
        throw new UserError(file + " says format " + format + ", version " + version + "; this program reads " + FORMAT
            + ", versions " + VERSION + " and " + APPENDED);
      return JSON.treeToValue(json, DatasetInfo.class);
    } catch (FileNotFoundException | ParentNotDirectoryException | AccessControlException e) {
      if (Storage.isFile(Storage.of(conf, folder), folder))
        throw new UserError(folder + " is a file; a dataset is a folder, which prep writes"
            + (folder.getName().equals(FILE) ? ": name the one that this file is in" : ""), e);
      if (!(e instanceof FileNotFoundException)) throw new UncheckedIOException(e);
      throw new UserError(
          "there is no dataset in " + folder + ": " + file.getName() + " is missing; run prep, which writes it last",
          e);
    } catch (JsonProcessingException e) {
      String problem = e.getCause() instanceof UserError wrong ? wrong.getMessage() : JsonProblem.of(e).toString();
      throw new UserError(file + " is damaged: " + problem + "; run prep again", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String toJson() {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("records of text and numbers", e);
    }
  }
}
