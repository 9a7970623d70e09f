package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.SparkInTests;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

class ComponentsTest {
  @Test
  void everyNodeIsLabelledWithTheSmallestThatItCanReach() {
    Random random = new Random(1);
    List<long[]> edges = new ArrayList<>();
    for (int i = 0; i < 300; i++) edges.add(new long[]{random.nextInt(400) - 200, random.nextInt(400) - 200});
    for (long i = 1000; i < 1100; i++) edges.add(new long[]{i * 7919 % 1201 + 1000, (i + 1) * 7919 % 1201 + 1000});   // a long path
    for (long i = 1; i < 300; i++) edges.add(new long[]{10_000, 10_000 + i});                                        // a star
    edges.removeIf(edge -> edge[0] == edge[1]);
    for (int partitions : new int[]{1, 7}) {
      Map<Long, Long> found = Corpus.shuffled(partitions, () -> components(edges));
      assertThat(found).isEqualTo(byUnionFind(edges));
    }
  }

  @Test
  void noEdgesAreNoComponents() {
    assertThat(components(List.of())).isEmpty();
  }

  private static Map<Long, Long> components(List<long[]> edges) {
    List<Row> rows = new ArrayList<>();
    for (long[] edge : edges) rows.add(RowFactory.create(Math.max(edge[0], edge[1]), Math.min(edge[0], edge[1])));
    Map<Long, Long> found = new TreeMap<>();
    for (Row row : Components.of(SparkInTests.session().createDataFrame(rows, Components.EDGE)).collectAsList())
      assertThat(found.put(row.getLong(0), row.getLong(1))).isNull();
    return found;
  }

  private static Map<Long, Long> byUnionFind(List<long[]> edges) {
    Map<Long, Long> parent = new HashMap<>();
    for (long[] edge : edges) {
      long a = root(parent, edge[0]);
      long b = root(parent, edge[1]);
      parent.put(Math.max(a, b), Math.min(a, b));
    }
    Map<Long, Long> labels = new TreeMap<>();
    for (long node : List.copyOf(parent.keySet())) {
      if (root(parent, node) != node) labels.put(node, root(parent, node));
    }
    return labels;
  }

  private static long root(Map<Long, Long> parent, long node) {
    long at = node;
    while (parent.getOrDefault(at, at) != at) at = parent.get(at);
    parent.putIfAbsent(at, at);
    return at;
  }
}
