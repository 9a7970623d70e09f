package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.SparkInTests;
import dev.kindling.data.dedup.NearSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.sketch.BloomFilter;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Against all pairs, compared as sets of strings. */
class NearDuplicatesTest {
  private static final int ORIGINALS = 60;
  private static final double THRESHOLD = 0.8;

  private final Map<String, String> corpus = planted();
  private final Map<String, Set<String>> shingles = new HashMap<>();

  @Test
  @Tag("slow")
  void plantedEditsAreFoundAsByBruteForceWhateverThePartitions() {
    Map<String, String> first = null;
    for (int partitions : new int[]{1, 2, 7}) {
      Map<String, String> dropped = run(partitions);
      if (first == null) first = dropped;
      assertThat(dropped).isEqualTo(first);
    }
    Map<String, String> cluster = new HashMap<>();
    for (String id : corpus.keySet())
      cluster.put(id, first.containsKey(id) ? first.get(id).substring("near: like ".length()) : id);
    Map<String, String> truth = new HashMap<>();
    corpus.keySet().forEach(id -> truth.put(id, id));
    long pairs = 0;
    long found = 0;
    List<String> ids = List.copyOf(corpus.keySet());
    for (int i = 0; i < ids.size(); i++) {
      for (int k = 0; k < i; k++) {
        if (jaccard(ids.get(i), ids.get(k)) < THRESHOLD) continue;
        pairs++;
        if (cluster.get(ids.get(i)).equals(cluster.get(ids.get(k)))) found++;
        String from = truth.get(ids.get(i));
        String to = truth.get(ids.get(k));
        truth.replaceAll((id, label) -> label.equals(from) ? to : label);
      }
    }
    assertThat(pairs).isGreaterThan(250);
    assertThat((double) found / pairs).as("recall of %d pairs", pairs).isGreaterThanOrEqualTo(0.95);
    long right = first.keySet().stream().filter(id -> truth.get(id).equals(truth.get(cluster.get(id)))).count();
    assertThat(first.size()).isGreaterThan(100);
    assertThat((double) right / first.size()).as("precision").isGreaterThanOrEqualTo(0.95);
  }

  @Test
  void theFirstOfAClusterStaysAlsoWhereItIsLinkedOverOthersOnly() {
    List<String> words = IntStream.range(0, 100).mapToObj(i -> "w" + i).toList();
    String a = String.join(" ", words);
    String b = String.join(" ", words.subList(8, 100)) + " " + words(8, "x");
    String c = String.join(" ", words.subList(16, 100)) + " " + words(8, "x") + " " + words(8, "y");
    NearSettings settings = new NearSettings(5, 60, 4, 0.8);
    // shingles: 96 each; a and b share 88 of 104, b and c too, a and c 80 of 112
    List<Row> documents = List.of(Corpus.document("c", "s", "f", 3, c), Corpus.document("b", "s", "f", 2, b),
        Corpus.document("a", "s", "f", 1, a),
        Corpus.document("other", "s", "f", 0, words(100, "z")), Corpus.document("none", "s", "f", 9, "!"),
        Corpus.document("nor", "s", "f", 8, "?"));
    assertThat(Corpus.dropped(new NearDuplicates(settings, new Priority(List.of())).apply(Corpus.of(documents))))
        .isEqualTo(Map.of("b", "near: like a", "c", "near: like a"));
  }

  @Test
  void theFilterOfComparedDocumentsKeepsTheOthersAwayWhateverSparkSqlsOwnMayHold() {
    SparkSession session = SparkInTests.session();
    String most = "spark.sql.optimizer.runtime.bloomFilter.maxNumBits";
    String before = session.conf().get(most);
    session.conf().set(most, 1_024);
    try {
      BloomFilter filter = NearDuplicates.filter(session.range(0, 100_000).toDF("node"), 100_000);
      assertThat(LongStream.range(0, 100_000).filter(filter::mightContainLong).count()).isEqualTo(100_000);
      assertThat(LongStream.range(100_000, 200_000).filter(filter::mightContainLong).count()).isLessThan(2_000);
    } finally {
      session.conf().set(most, before);
    }
  }

  private Map<String, String> run(int partitions) {
    List<Row> documents = new ArrayList<>();
    corpus.forEach((id, text) -> documents.add(Corpus.document(id, text)));
    Collections.shuffle(documents, new Random(partitions));
    NearDuplicates step = new NearDuplicates(NearSettings.defaults(), new Priority(List.of()));
    return Corpus.shuffled(partitions, () -> Corpus.dropped(step.apply(Corpus.of(documents).repartition(partitions))));
  }

  /** Texts of 200 words, each with four copies in which up to six words are others: similarities from 0.55 to 1. */
  private static Map<String, String> planted() {
    Random random = new Random(1);
    Map<String, String> texts = new TreeMap<>();
    for (int i = 0; i < ORIGINALS; i++) {
      String[] words = IntStream.range(0, 200).mapToObj(k -> "w" + random.nextInt(5_000)).toArray(String[]::new);
      texts.put(String.format("d%03d-0", i), String.join(" ", words));
      for (int copy = 1; copy < 5; copy++) {
        String[] edited = words.clone();
        for (int edits = random.nextInt(7); edits > 0; edits--)
          edited[random.nextInt(200)] = "w" + random.nextInt(5_000);
        texts.put(String.format("d%03d-%d", i, copy), String.join(" ", edited));
      }
    }
    return texts;
  }

  private double jaccard(String a, String b) {
    Set<String> first = shingles.computeIfAbsent(a, this::runs);
    Set<String> second = shingles.computeIfAbsent(b, this::runs);
    long both = first.stream().filter(second::contains).count();
    return (double) both / (first.size() + second.size() - both);
  }

  private Set<String> runs(String id) {
    List<String> words = Arrays.asList(corpus.get(id).split(" "));
    Set<String> runs = new HashSet<>();
    for (int i = 0; i + 5 <= words.size(); i++) runs.add(String.join(" ", words.subList(i, i + 5)));
    return runs;
  }

  private static String words(int count, String prefix) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).collect(Collectors.joining(" "));
  }
}
