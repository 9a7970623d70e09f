package dev.kindling.bench;

import dev.kindling.data.dedup.NearSettings;
import dev.kindling.data.dedup.Shingles;
import dev.kindling.data.job.Columns;
import dev.kindling.data.job.NearDuplicates;
import dev.kindling.data.job.Priority;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * {@code bench/run dedup}: near-duplicates in a corpus with planted edits and in one 4 and 16 times as large: seconds, bytes that move
 * between tasks, both against as many times those of the smallest; recall and precision there against all pairs. No side of a join is
 * broadcast because it happens to be small, which it would not be in a corpus that needs a cluster. {@code --size N} takes another number of
 * documents in the smallest.
 */
public final class Dedup {
  private static final int WORDS = 200;
  private static final int VOCABULARY = 20_000;
  private static final NearSettings SETTINGS = NearSettings.defaults();

  private Dedup() {
  }

  /** What a run took. @param shuffled bytes written for other tasks */
  private record Found(double seconds, long shuffled, Map<String, String> dropped) {}

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    int size = words.contains("--size") ? Integer.parseInt(words.get(words.indexOf("--size") + 1)) : 5_000;
    Results results = new Results("dedup");
    try (SparkSession spark = SparkSession.builder().master("local[2]").appName("dedup")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.autoBroadcastJoinThreshold", "-1")
        .config("spark.sql.adaptive.autoBroadcastJoinThreshold", "-1").getOrCreate()) {
      spark.sparkContext().setLogLevel("WARN");
      AtomicLong shuffled = new AtomicLong();
      spark.sparkContext().addSparkListener(new SparkListener() {
        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
          if (end.taskMetrics() != null) shuffled.addAndGet(end.taskMetrics().shuffleWriteMetrics().bytesWritten());
        }
      });
      run(spark, size / 10, shuffled);               // the compiler has seen everything
      Found one = run(spark, size, shuffled);
      quality(results, size, one.dropped);
      for (int times : new int[]{4, 16}) {
        Found more = run(spark, times * size, shuffled);
        String name = String.format("%,d documents, %d times as many", times * size, times);
        results.less(name + ", against " + times + " times the time", more.seconds, times * one.seconds, "s");
        results.less(name + ", against " + times + " times the shuffle", more.shuffled / 1e6,
            times * one.shuffled / 1e6, "MB");
      }
    }
    results.write();
  }

  private static Found run(SparkSession spark, int size, AtomicLong shuffled) throws IOException {
    String folder = System.getProperty("bench.home") + "/target/dedup/" + size;
    Path path = new Path(folder);
    path.getFileSystem(spark.sparkContext().hadoopConfiguration()).delete(path, true);
    List<Row> rows = new ArrayList<>();
    corpus(size).forEach((id, text) -> rows.add(RowFactory.create(id, "bench", "corpus", 0L, text, null)));
    spark.createDataFrame(rows, Columns.SCHEMA).repartition(8).write().parquet(folder);
    Dataset<Row> documents = spark.read().schema(Columns.SCHEMA).parquet(folder);
    long before = settled(shuffled);
    long start = System.nanoTime();
    List<Row> found = new NearDuplicates(SETTINGS, new Priority(List.of())).apply(documents)
        .where(functions.not(Columns.kept()))
        .select(Columns.ID, Columns.DROPPED).collectAsList();
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, String> dropped = new HashMap<>();
    for (Row row : found) dropped.put(row.getString(0), row.getString(1).substring("near: like ".length()));
    return new Found(seconds, settled(shuffled) - before, dropped);
  }

  /** Listeners hear of a task a little after it ended. */
  private static long settled(AtomicLong counter) {
    long last = -1;
    while (counter.get() != last) {
      last = counter.get();
      try {
        Thread.sleep(500);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return last;
  }

  private static void quality(Results results, int size, Map<String, String> dropped) {
    Map<String, String> corpus = corpus(size);
    List<String> ids = List.copyOf(corpus.keySet());
    List<long[]> shingles = ids.stream().map(id -> Shingles.of(corpus.get(id), SETTINGS.shingle())).toList();
    int[] component = IntStream.range(0, ids.size()).toArray();
    Map<String, Integer> numbers = new HashMap<>();
    for (int i = 0; i < ids.size(); i++) numbers.put(ids.get(i), i);
    long pairs = 0;
    long together = 0;
    for (int i = 0; i < ids.size(); i++) {
      for (int k = 0; k < i; k++) {
        if (Shingles.similarity(shingles.get(i), shingles.get(k)) < SETTINGS.threshold()) continue;
        component[root(component, i)] = root(component, k);
        pairs++;
        if (dropped.getOrDefault(ids.get(i), ids.get(i)).equals(dropped.getOrDefault(ids.get(k), ids.get(k))))
          together++;
      }
    }
    long right = 0;
    for (Map.Entry<String, String> one : dropped.entrySet()) {
      int survivor = numbers.get(one.getValue());
      if (root(component, numbers.get(one.getKey())) == root(component, survivor)) right++;
    }
    results.more(String.format("%,d documents, recall of %,d pairs", size, pairs), (double) together / pairs, 0.95,
        "of the pairs");
    results.more(String.format("%,d documents, precision of %,d dropped", size, dropped.size()),
        (double) right / dropped.size(), 0.95,
        "of the dropped");
  }

  /** Of those that hang together over similar pairs one is the root. */
  private static int root(int[] component, int node) {
    int at = node;
    while (component[at] != at) {
      component[at] = component[component[at]];
      at = component[at];
    }
    return at;
  }

  /** Documents of 200 words, common ones more often; of every 25 one has four copies with up to six words changed. */
  private static Map<String, String> corpus(int size) {
    Map<String, String> texts = new TreeMap<>();
    Random random = new Random(1);
    String[] original = new String[WORDS];
    for (int i = 0; i < size; i++) {
      boolean copy = i / 5 % 5 == 0 && i % 5 != 0;
      String[] words = copy ? original.clone() : new String[WORDS];
      if (copy) {
        for (int edits = random.nextInt(7); edits > 0; edits--) words[random.nextInt(WORDS)] = word(random);
      } else {
        for (int k = 0; k < WORDS; k++) words[k] = word(random);
        original = words;
      }
      texts.put(String.format("d%08d", i), String.join(" ", words));
    }
    return texts;
  }

  private static String word(Random random) {
    double at = random.nextDouble();
    return "w" + (int) (at * at * VOCABULARY);
  }
}
