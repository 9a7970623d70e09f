package dev.kindling.jobs.dl4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.SampleOrder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.util.SerializableConfiguration;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * An RDD's data sets in files that every rank can read: a step needs this or that one, wherever its partition was. One data
 * set is what one virtual rank learns from in a step; every pass takes them in another order, that of {@link SampleOrder}.
 *
 * <pre>
 *   part-00000.bin ...     a partition: its data sets, one after the other, as MultiDataSet.save writes them
 *   examples.json          where each begins; written last: without it there is nothing
 * </pre>
 */
final class ExportedExamples implements ExampleSource {
  private static final String INDEX = "examples.json";
  private static final String FORMAT = "kindling-dl4j-examples";
  private static final int LARGEST_INDEX = 1 << 30;

  /** Where a data set is. */
  private record Place(int part, long from, int bytes) {}

  /** What a task wrote. @param ends of its data sets, in bytes */
  private record Part(int number, long[] ends) implements Serializable {}

  private final String folder;
  private final long seed;
  private final int virtualRanks;
  private transient List<Place> places;
  private transient SampleOrder order;
  private transient FileSystem files;

  ExportedExamples(String folder, long seed, int virtualRanks) {
    this.folder = folder;
    this.seed = seed;
    this.virtualRanks = virtualRanks;
  }

  /** Whether an export was finished. */
  static boolean exists(Configuration hadoop, String folder) {
    Path index = new Path(folder, INDEX);
    return Storage.exists(Storage.of(hadoop, index), index);
  }

  /** Writes all partitions, on the executors that hold them. */
  static void write(JavaRDD<? extends org.nd4j.linalg.dataset.api.MultiDataSet> rdd, Configuration hadoop,
      String folder) throws IOException {
    SerializableConfiguration conf = new SerializableConfiguration(hadoop);
    List<Part> parts = new ArrayList<>(rdd.mapPartitionsWithIndex(
        (number, sets) -> List.of(writePart(conf.value(), folder, number, sets)).iterator(), false).collect());
    parts.sort(Comparator.comparingInt(Part::number));
    ObjectNode json = Json.object().put("format", FORMAT).put("version", 1);
    ArrayNode all = json.putArray("parts");
    for (Part part : parts) {
      ArrayNode ends = all.addObject().put("file", name(part.number())).putArray("ends");
      for (long end : part.ends()) ends.add(end);
    }
    Path index = new Path(folder, INDEX);
    try (PendingFile out = PendingFile.create(Storage.of(hadoop, index), index)) {
      out.write(Json.bytes(json));
      out.commit(INDEX);
    }
  }

  private static Part writePart(Configuration hadoop, String folder, int number,
      Iterator<? extends org.nd4j.linalg.dataset.api.MultiDataSet> sets) throws IOException {
    Path file = new Path(folder, name(number));
    List<Long> ends = new ArrayList<>();
    try (PendingFile out = PendingFile.create(Storage.of(hadoop, file), file)) {
      long end = 0;
      while (sets.hasNext()) {
        ByteArrayOutputStream one = new ByteArrayOutputStream();
        sets.next().save(one);
        out.write(one.toByteArray());
        end += one.size();
        ends.add(end);
      }
      out.commit(file.getName());
    }
    return new Part(number, ends.stream().mapToLong(Long::longValue).toArray());
  }

  private static String name(int part) {
    return String.format("part-%05d.bin", part);
  }

  @Override
  public void open(Configuration hadoop) {
    Path index = new Path(folder, INDEX);
    files = Storage.of(hadoop, index);
    ObjectNode json = Json.parse(Storage.readSmall(files, index, LARGEST_INDEX), index.toString());
    places = new ArrayList<>();
    int part = 0;
    for (JsonNode each : json.path("parts")) {
      long from = 0;
      for (JsonNode end : each.path("ends")) {
        places.add(new Place(part, from, Math.toIntExact(end.asLong() - from)));
        from = end.asLong();
      }
      part++;
    }
    if (places.isEmpty()) throw new UserError(folder + " holds no examples: the RDD had no DataSet");
    order = new SampleOrder(places.size(), seed, virtualRanks, 1);
  }

  /** How many data sets there are. */
  int count() {
    return places.size();
  }

  /** Full steps of so many passes. */
  long steps(long passes) {
    return order.steps(passes);
  }

  @Override
  public MultiDataSet examples(long step, int virtualRank) throws IOException {
    Place place = places.get(Math.toIntExact(order.row(step - 1, virtualRank, 0)));
    byte[] bytes = new byte[place.bytes()];
    Path file = new Path(folder, name(place.part()));
    try (FSDataInputStream in = files.open(file)) {
      in.readFully(place.from(), bytes);
    } catch (IOException e) {
      throw Storage.failed(file, e);
    }
    MultiDataSet examples = new MultiDataSet();
    examples.load(new ByteArrayInputStream(bytes));
    return examples;
  }

  @Override
  public long passes(long steps) {
    return steps * virtualRanks / places.size();
  }
}
