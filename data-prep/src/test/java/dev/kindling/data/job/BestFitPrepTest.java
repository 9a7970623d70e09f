package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.BpeTrainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Row;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A token a byte: texts are their own tokens. */
class BestFitPrepTest {
  private static final int TIME = 512;

  @TempDir
  Path folder;

  @Test
  void everyDocumentIsWholeInARowThatItFitsIntoWhateverThePartitions() throws IOException {
    Map<String, String> texts = texts(8000);
    List<String> lines = new ArrayList<>();
    texts.forEach((id, text) -> lines.add("{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}"));
    PrepResult result = prepare("one", Packing.BEST_FIT, List.of(lines));
    DatasetInfo info = result.info();
    Collections.shuffle(lines, new Random(1));
    DatasetInfo other = inParts(7,
        () -> prepare("other", Packing.BEST_FIT, List.of(lines.subList(0, 10), lines.subList(10, lines.size())))
            .info());
    assertThat(other.training()).isEqualTo(info.training());
    assertThat(other.heldOut()).isEqualTo(info.heldOut());
    assertThat(info.training().tokens()).as("more than one group of rows").isGreaterThan(2L << 20);
    assertThat(info.training().shards()).hasSizeGreaterThan(1);
    Map<String, String> found = new TreeMap<>();
    assertThat(learned(result, "training", found)).isEqualTo(info.training().targets());
    assertThat(learned(result, "held-out", found)).isEqualTo(info.heldOut().targets()).isPositive();
    assertThat(found).isEqualTo(texts);
    long longer = texts.values().stream().filter(text -> text.length() + 1 > TIME).count();
    assertThat(info.packing().kind()).isEqualTo("best-fit");
    assertThat(info.packing().cutDocuments()).isEqualTo(longer).isPositive();
    long rows = info.training().rows() + info.heldOut().rows();
    double waste = 100.0 - 100.0 * (info.training().targets() + info.heldOut().targets()) / (rows * TIME);
    assertThat(info.packing().wastePercent()).isCloseTo(waste, Offset.offset(1e-9))
        .isBetween(0.0, 1.0);
    String report = Files.readString(folder.resolve("one/prep-report.json"));
    assertThat(PrepReport.parse(report).packing().kind()).isEqualTo("best-fit");
    assertThat(info.configuration()).containsEntry("packing", "best-fit");
  }

  @Test
  void cuttingTheStreamWastesNothingAndSaysHowManyDocumentsItCuts() throws IOException {
    List<String> lines = List.of("{\"id\":\"a\",\"text\":\"" + "x".repeat(TIME - 1) + "\"}",
        "{\"id\":\"b\",\"text\":\"" + "y".repeat(TIME - 1) + "\"}", "{\"id\":\"c\",\"text\":\"zz\"}",
        "{\"id\":\"d\",\"text\":\"" + "w".repeat(TIME - 3) + "\"}");
    DatasetInfo info = prepare("stream", Packing.CONCATENATE, List.of(lines)).info();
    assertThat(info.packing().kind()).isEqualTo("concatenate");
    assertThat(info.packing().cutDocuments()).isEqualTo(inSeveralRows("stream"));
    assertThat(info.training().targets()).isEqualTo(3 * TIME + 1);
    assertThat(info.configuration()).doesNotContainKey("packing");
    assertThat(prepare("fit", Packing.BEST_FIT, List.of(lines)).info().packing().cutDocuments()).isZero();
  }

  /** Documents of which several rows have targets. */
  private long inSeveralRows(String name) {
    PackedDataset dataset = PackedDataset.open(new Configuration(), hadoop(name));
    Map<String, Set<Long>> rows = new TreeMap<>();
    for (long row = 0; row < dataset.rows(); row++)
      for (PackedRow.Span span : dataset.spans(row))
        if (span.end() > 1) rows.computeIfAbsent(span.document(), any -> new TreeSet<>()).add(row);
    return rows.values().stream().filter(of -> of.size() > 1).count();
  }

  /** Adds what is learned of each document to its text, as Spark SQL reads it; @return how many targets there are */
  private static long learned(PrepResult result, String part, Map<String, String> texts) {
    Map<String, TreeMap<Long, Character>> letters = new TreeMap<>();
    long targets = 0;
    for (Row row : SparkInTests.session().read().parquet(result.folder() + "/" + part).collectAsList()) {
      List<Integer> tokens = row.getList(row.fieldIndex("tokens"));
      int learned = row.fieldIndex("learned");
      for (Row span : row.<Row>getList(row.fieldIndex("spans"))) {
        for (int i = span.getInt(1); i < span.getInt(2); i++) {
          boolean counts = row.isNullAt(learned) ? i > 0 : row.<Boolean>getList(learned).get(i);
          if (!counts) continue;
          targets++;
          assertThat(letters.computeIfAbsent(span.getString(0), any -> new TreeMap<>()).put(
              span.getLong(3) + i - span.getInt(1), (char) result.tokenizer().bytesOf(tokens.get(i))[0])).isNull();
        }
      }
    }
    letters.forEach((id, of) -> {
      StringBuilder text = new StringBuilder();
      of.headMap(of.lastKey()).values().forEach(text::append);        // without the end of text
      texts.put(id, text.toString());
    });
    return targets;
  }

  /** Lengths around the row's, below and far above it; letters whose tokens are their own numbers. */
  private static Map<String, String> texts(int documents) {
    Random random = new Random(3);
    Map<String, String> texts = new TreeMap<>();
    for (int d = 0; d < documents; d++) {
      int length = d % 50 == 0 ? 400 + random.nextInt(2000) : 1 + random.nextInt(d % 7 == 0 ? 520 : 900) % 700;
      byte[] text = new byte[length];
      for (int i = 0; i < length; i++) text[i] = (byte) ('a' + random.nextInt(26));
      texts.put("d" + d, new String(text, StandardCharsets.US_ASCII));
    }
    return texts;
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  private static <T> T inParts(int parallelism, Work<T> work) throws IOException {
    SparkConf conf = SparkInTests.session().sparkContext().conf();
    conf.set("spark.default.parallelism", "" + parallelism);
    try {
      assertThat(SparkInTests.session().sparkContext().defaultParallelism()).isEqualTo(parallelism);
      return work.run();
    } finally {
      conf.remove("spark.default.parallelism");
    }
  }

  private PrepResult prepare(String output, Packing packing, List<List<String>> files) throws IOException {
    Path in = Files.createDirectories(folder.resolve(output + "-in"));
    for (int i = 0; i < files.size(); i++)
      Files.writeString(in.resolve(i + ".jsonl"), String.join("\n", files.get(i)) + "\n");
    Path tokenizer = folder.resolve("bytes.json");
    Files.writeString(tokenizer, BpeTrainer.train(List.of(), 257, size -> {}).json());
    double heldOut = files.get(0).size() == 4 ? 0 : 5;
    return PrepJob.run(SparkInTests.session(),
        new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 0, List.of(), folder.resolve(output).toString(),
            Optional.of(tokenizer.toString()), 0, TIME, heldOut, 1, packing,
            Optional.empty()));
  }

  private org.apache.hadoop.fs.Path hadoop(String name) {
    return new org.apache.hadoop.fs.Path(folder.resolve(name).toString());
  }
}
