package dev.kindling.data.shard;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.PackedRow;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Random access to the rows of a dataset, without Spark: decoded row groups are kept as int arrays, the least recently used
 * ones leave when they exceed a limit. Safe for use by many threads.
 */
public final class PackedDataset {
  /** Bytes of decoded rows that are kept unless said otherwise: 64 million tokens. */
  public static final long DEFAULT_CACHE_BYTES = 256L << 20;

  private final Configuration conf;
  private final Path folder;
  private final DatasetInfo info;
  private final DatasetInfo.Part part;
  private final long[] firstRows;                  // of each shard
  private final long cacheBytes;
  private final Map<Long, ShardReader.RowGroup> cache = new LinkedHashMap<>(16, 0.75f, true);
  private long cachedBytes;

  private PackedDataset(Configuration conf, Path folder, DatasetInfo info, DatasetInfo.Part part, long cacheBytes) {
    this.conf = conf;
    this.folder = folder;
    this.info = info;
    this.part = part;
    this.cacheBytes = cacheBytes;
    firstRows = new long[part.shards().size()];
    for (int i = 1; i < firstRows.length; i++) firstRows[i] = firstRows[i - 1] + part.shards().get(i - 1).rows();
  }

  /** The rows to learn from. @param folder what prep wrote; @throws UserError where a file is missing or has another size */
  public static PackedDataset open(Configuration conf, Path folder) {
    DatasetInfo info = DatasetInfo.read(conf, folder);
    return open(conf, folder, info, info.training(), DEFAULT_CACHE_BYTES);
  }

  /** The rows of documents that were held out. @throws UserError where a file is missing or has another size */
  public static PackedDataset openHeldOut(Configuration conf, Path folder) {
    DatasetInfo info = DatasetInfo.read(conf, folder);
    return open(conf, folder, info, info.heldOut(), DEFAULT_CACHE_BYTES);
  }

  /** @param part of the info, which rows; @param cacheBytes most bytes of decoded rows; one row group is kept in any case */
  public static PackedDataset open(Configuration conf, Path folder, DatasetInfo info, DatasetInfo.Part part,
      long cacheBytes) {
    for (DatasetInfo.Shard shard : part.shards()) verifySize(conf, new Path(folder, shard.file()), shard.bytes());
    return new PackedDataset(conf, folder, info, part, cacheBytes);
  }

  public DatasetInfo info() {
    return info;
  }

  /** Counts of the part that this object reads. */
  public DatasetInfo.Part part() {
    return part;
  }

  public long rows() {
    return part.rows();
  }

  /** T: inputs of a row, and its targets. */
  public int sequenceLength() {
    return info.sequenceLength();
  }

  /**
   * A row's T + 1 tokens: the first T are the inputs, the last T the targets, of which the first {@link #targets} are there;
   * what is behind is end-of-text. {@link #learned} says which count.
   */
  public int[] tokens(long row) {
    int length = sequenceLength() + 1;
    int at = indexInGroup(row) * length;
    return Arrays.copyOfRange(group(row).tokens(), at, at + length);
  }

  /** How many of the row's targets are there: T in a row that is full, fewer in one that is filled up. */
  public int targets(long row) {
    return group(row).targets()[indexInGroup(row)];
  }

  /** Which of the row's T + 1 tokens are targets that count, never the first. */
  public boolean[] learned(long row) {
    ShardReader.RowGroup group = group(row);
    boolean[] told = group.learned() == null ? null : group.learned()[indexInGroup(row)];
    if (told != null) return told.clone();
    boolean[] learned = new boolean[sequenceLength() + 1];
    Arrays.fill(learned, 1, 1 + group.targets()[indexInGroup(row)], true);
    return learned;
  }

  /** At which tokens of a row documents begin, or go on from the row before, in their order. */
  public int[] starts(long row) {
    ShardReader.RowGroup group = group(row);
    if (group.starts() != null) return group.starts()[indexInGroup(row)].clone();
    return spans(row).stream().mapToInt(PackedRow.Span::start).toArray();
  }

  /**
   * What a row's text is labelled with, as {@link PackedRow#labels} has it.
   *
   * @throws UserError where the rows are no labelled texts
   */
  public double[] labels(long row) {
    double[][] labels = group(row).labels();
    if (labels == null)
      throw new UserError(
          "the dataset in " + folder + " has no labels; make one with packing classification or token-classification");
    return labels[indexInGroup(row)].clone();
  }

  /**
   * Where a row stands and what is in it, for a message: its number, its file, its place there, and the documents that it holds, as far
   * as they can be read.
   */
  public String describe(long row) {
    return describe(row, new HashSet<>());
  }

  /** The same beside others. @param told documents that were named before, which are not again; the row's are added */
  public String describe(long row, Set<String> told) {
    List<String> documents = readableDocuments(row);
    String described = "row " + row + " (" + file(row) + " row " + rowInShard(row) + named(documents, told) + ")";
    told.addAll(documents);
    return described;
  }

  /** Each once; none where they cannot be read, as a message must not lose what else it tells. */
  private List<String> readableDocuments(long row) {
    try {
      return documents(row).stream().distinct().toList();
    } catch (UserError | UncheckedIOException e) {
      return List.of();
    }
  }

  private static String named(List<String> documents, Set<String> before) {
    if (documents.isEmpty()) return "";
    List<String> fresh = documents.stream().filter(document -> !before.contains(document)).toList();
    int again = documents.size() - fresh.size();
    if (fresh.isEmpty()) return ", " + (again == 1 ? "document " : "documents ") + "named before";
    return (documents.size() == 1 ? ", document " : ", documents ") + String.join(", ", fresh)
        + (again == 0 ? "" : " and " + (again == 1 ? "one" : again) + " named before");
  }

  /** The name of the file in which a row is. */
  public String file(long row) {
    return part.shards().get(shardOf(row)).file();
  }

  /** The ids of the documents of which a row holds a part, in their order; read from the file each time. */
  public List<String> documents(long row) {
    return spans(row).stream().map(PackedRow.Span::document).toList();
  }

  /** The documents of which a row holds a part, in their order; read from the file each time. */
  public List<PackedRow.Span> spans(long row) {
    if (row < 0 || row >= part.rows()) throw new IndexOutOfBoundsException("row " + row + " of " + part.rows());
    int groupNumber = (int) (rowInShard(row) / part.rowsPerGroup());
    return ShardReader.spans(conf, new Path(folder, file(row)), groupNumber, indexInGroup(row));
  }

  private int indexInGroup(long row) {
    return (int) (rowInShard(row) % part.rowsPerGroup());
  }

  private long rowInShard(long row) {
    return row - firstRows[shardOf(row)];
  }

  private int shardOf(long row) {
    int found = Arrays.binarySearch(firstRows, row);
    return found >= 0 ? found : -found - 2;
  }

  private synchronized ShardReader.RowGroup group(long row) {
    if (row < 0 || row >= part.rows()) throw new IndexOutOfBoundsException("row " + row + " of " + part.rows());
    int shardNumber = shardOf(row);
    int groupNumber = (int) (rowInShard(row) / part.rowsPerGroup());
    long key = (long) shardNumber << 32 | groupNumber;
    ShardReader.RowGroup known = cache.get(key);
    if (known != null) return known;
    DatasetInfo.Shard shard = part.shards().get(shardNumber);
    int rows = (int) Math.min(part.rowsPerGroup(), shard.rows() - (long) groupNumber * part.rowsPerGroup());
    ShardReader.RowGroup read = ShardReader.read(conf, new Path(folder, shard.file()), groupNumber, rows,
        sequenceLength() + 1);
    makeRoom(read.bytes());
    cache.put(key, read);
    cachedBytes += read.bytes();
    return read;
  }

  private void makeRoom(long bytes) {
    var oldest = cache.values().iterator();
    while (cachedBytes + bytes > cacheBytes && oldest.hasNext()) {
      cachedBytes -= oldest.next().bytes();
      oldest.remove();
    }
  }

  /** @throws UserError where a shard is missing or has another size */
  public static void verifySize(Configuration conf, Path file, long bytes) {
    try {
      FileSystem files = file.getFileSystem(conf);
      long found = files.getFileStatus(file).getLen();
      if (found != bytes)
        throw new UserError("the shard " + file + " is damaged: it has " + found + " bytes, "
            + DatasetInfo.FILE + " says " + bytes + "; delete the dataset's folder and run prep again");
    } catch (FileNotFoundException e) {
      throw new UserError("the shard " + file + " is missing; delete the dataset's folder and run prep again", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
