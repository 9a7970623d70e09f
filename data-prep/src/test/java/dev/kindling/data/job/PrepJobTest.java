package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.BpeTrainer;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepJobTest {
  private static final Configuration CONF = new Configuration();

  @TempDir
  Path folder;

  @Test
  void theDatasetIsTheSameForAnyFilesPartitionsAndOrderOfLines() throws IOException {
    List<String> lines = lines(60);
    DatasetInfo one = prepare("out-one", write("one/in.jsonl", lines)).info();
    List<String> shuffled = new ArrayList<>(lines);
    Collections.shuffle(shuffled, new Random(1));
    write("many/a.jsonl", shuffled.subList(0, 5));
    write("many/b.jsonl", shuffled.subList(5, 6));
    write("many/c.jsonl", shuffled.subList(6, 60));
    DatasetInfo many = prepare("out-many", folder.resolve("many")).info();
    assertThat(many.tokenizer()).isEqualTo(one.tokenizer());
    assertThat(many.training()).isEqualTo(one.training());
    assertThat(many.heldOut()).isEqualTo(one.heldOut());
    assertThat(one.training().documents() + one.heldOut().documents()).isEqualTo(60);
  }

  @Test
  void aDatasetThatIsMadeAlreadyIsNotMadeAgain() throws IOException {
    Path in = write("in/in.jsonl", lines(20));
    PrepResult first = prepare("again", in);
    Files.createDirectories(folder.resolve("again/_unfinished/clean"));             // killed behind its last step
    Files.writeString(folder.resolve("again/.prep-report.html.0a1b2c3d.tmp"), "<html>");
    List<String> said = new ArrayList<>();
    PrepResult second = PrepJob.run(SparkInTests.session(), options("again", in, 10), said::add);
    assertThat(second.alreadyDone()).isTrue();
    assertThat(second.info()).isEqualTo(first.info());
    assertThat(said).anyMatch(line -> line.contains("already made"));
    assertThat(folder.resolve("again/_unfinished")).doesNotExist();
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options("again", in, 11)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("other inputs or settings");
  }

  @Test
  void whatAnInterruptedRunLeftIsBegunAnew() throws IOException {
    Path in = write("in/in.jsonl", lines(60));
    Files.createDirectories(folder.resolve("cut/_unfinished/training"));
    Files.createDirectories(folder.resolve("cut/training"));
    Files.writeString(folder.resolve("cut/training/part-00007.parquet"), "old");
    prepare("cut", in);
    assertThat(names("cut")).containsExactly("dataset.json", "documents", "held-out", "inputs", "prep-report.json",
        "tokenizer.json", "tokenizer_config.json", "training");
    assertThat(names("cut/training")).containsExactly("part-00000.parquet");
  }

  @Test
  void ofTwoRunsIntoOneFolderTheEarlierIsToldInOneLineAndTheLatersDatasetIsWhole() throws IOException {
    Path in = write("in/in.jsonl", lines(60));
    for (String moment : List.of("Encoding", "Packed")) {
      List<PrepResult> later = new ArrayList<>();
      assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options(moment, in, 10), line -> {
        if (line.startsWith(moment)) later.add(prepare(moment, in));
      })).isInstanceOf(UserError.class).hasMessageNotContaining("\n")
          .hasMessageContaining("another run has written to the output file:" + folder.resolve(moment));
      assertThat(names(moment)).containsExactly("dataset.json", "documents", "held-out", "inputs",
          "prep-report.json", "tokenizer.json", "tokenizer_config.json", "training");
      assertThat(DatasetInfo.read(CONF, later.get(0).folder())).isEqualTo(later.get(0).info());
      assertThat(PackedDataset.open(CONF, later.get(0).folder()).rows())
          .isEqualTo(later.get(0).info().training().rows());
    }
  }

  @Test
  void anOutputThatHoldsSomethingElseIsLeftAlone() throws IOException {
    Path in = write("in/in.jsonl", lines(5));
    Files.createDirectories(folder.resolve("mine"));
    Files.writeString(folder.resolve("mine/thesis.txt"), "precious");
    assertThatThrownBy(() -> prepare("mine", in)).isInstanceOf(UserError.class).hasMessageContaining("thesis.txt");
    assertThat(names("mine")).containsExactly("thesis.txt");
    assertThatThrownBy(() -> prepare("mine/thesis.txt", in)).isInstanceOf(UserError.class)
        .hasMessageContaining("is a file");
  }

  @Test
  void mistakesAreToldInOneLineAndLeaveNothing() throws IOException {
    assertThatThrownBy(() -> prepare("out", folder.resolve("missing"))).isInstanceOf(UserError.class)
        .hasMessageContaining("missing does not exist");
    Path empty = write("empty/in.jsonl", List.of("", " "));
    assertThatThrownBy(() -> prepare("out", empty)).isInstanceOf(UserError.class).hasMessageContaining("is empty");
    Path blank = write("blank/in.jsonl", List.of("{\"text\":\"\"}"));
    assertThatThrownBy(() -> prepare("out", blank)).isInstanceOf(UserError.class).hasMessageContaining("is empty");
    Path bad = write("bad/in.jsonl", List.of("{\"text\":\"fine\"}", "{\"text\":7}"));
    assertThatThrownBy(() -> prepare("out", bad)).isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:2: ");
    Path twice = write("twice/in.jsonl",
        List.of("{\"id\":\"x\",\"text\":\"one two three\"}", "{\"id\":\"x\",\"text\":\"four five\"}"));
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options("out", twice, 0)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("two documents have the id 'x'");
    Path small = write("small/in.jsonl", List.of("{\"id\":\"x\",\"text\":\"ab\"}"));
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options("out", small, 0)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("vocabularySize is 264").hasMessageContaining("only 258");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void linesWithOtherLineEndsInsideAreWholeDocuments() throws IOException {
    Path in = write("in/in.jsonl",
        List.of("{\"text\":\"a\u2028b\"}\r", "{\"text\":\"c\u0085d\"}\r", "{\"text\":\"e\"}\r"));
    Path tokenizer = folder.resolve("bytes.json");
    Files.writeString(tokenizer, BpeTrainer.train(List.of(), 257, size -> {}).json());
    PrepResult result = PrepJob.run(SparkInTests.session(), new PrepOptions(CorpusSource.jsonl(in.toString()),
        folder.resolve("lines").toString(), Optional.of(tokenizer.toString()), 0, 64, 0, 1));
    String text = result.tokenizer().decode(PackedDataset.open(CONF, result.folder()).tokens(0));
    assertThat(text.split("<\\|endoftext\\|>")).contains("a\u2028b", "c\u0085d", "e");
    assertThat(result.info().training().documents()).isEqualTo(3);
  }

  @Test
  void spansTellTheCharacterOfTheTextAlsoWhereAnEmojiLiesAcrossRowsAndShards() throws IOException {
    int[] document = "\uD83D\uDE00n\u00e3o \u20ac5\u65e5\u672c\n".repeat(2500).codePoints().toArray();
    int[] characterOfByte = new int[document.length * 4];
    int bytes = 0;
    for (int c = 0; c < document.length; c++) {
      int length = Character.toString(document[c]).getBytes(StandardCharsets.UTF_8).length;
      for (int i = 0; i < length; i++) characterOfByte[bytes++] = c;
    }
    characterOfByte[bytes] = document.length;              // the end of text
    String text = new String(document, 0, document.length).replace("\n", "\\n");
    List<String> lines = IntStream.range(0, 24).mapToObj(i -> "{\"id\":\"d" + i + "\",\"text\":\"" + text + "\"}")
        .toList();
    Path tokenizer = folder.resolve("bytes.json");
    Files.writeString(tokenizer, BpeTrainer.train(List.of(), 257, size -> {}).json());     // a token a byte
    PrepResult result = PrepJob.run(SparkInTests.session(),
        new PrepOptions(CorpusSource.jsonl(write("in/in.jsonl", lines).toString()), folder.resolve("out").toString(),
            Optional.of(tokenizer.toString()), 0, 509, 0, 1));
    assertThat(result.info().training().shards()).hasSize(2);
    List<Row> spans = SparkInTests.session().read().parquet(result.folder() + "/training")
        .selectExpr("inline(spans)").collectAsList();
    int inside = 0;
    for (Row span : spans) {
      int offset = (int) span.<Long>getAs("offset").longValue();
      assertThat(span.<Long>getAs("character")).isEqualTo(characterOfByte[offset]);
      if (offset > 0 && characterOfByte[offset] == characterOfByte[offset - 1]) inside++;
    }
    assertThat(spans).hasSizeGreaterThan(2000);
    assertThat(inside).isGreaterThan(500);
  }

  @Test
  void sparkSqlReadsWhatTheTrainerReads() throws IOException {
    PrepResult result = prepare("sql", write("in/in.jsonl", lines(40)));
    PackedDataset ours = PackedDataset.open(CONF, result.folder());
    Dataset<Row> table = SparkInTests.session().read().parquet(result.folder() + "/training");
    List<Row> rows = table.orderBy("row").collectAsList();
    assertThat(rows).hasSize((int) ours.rows());
    for (Row row : rows) {
      List<Integer> tokens = row.getList(row.fieldIndex("tokens"));
      assertThat(tokens.stream().mapToInt(Integer::intValue).toArray()).isEqualTo(ours.tokens(row.getLong(0)));
    }
    assertThat(table.selectExpr("explode(spans.document) as d").distinct().count())
        .isEqualTo(result.info().training().documents());
  }

  @Test
  void aTokenizerIsTrainedOnceForTheSameCorpus() throws IOException {
    Path in = write("in/in.jsonl", lines(20));
    TokenizerOptions options = new TokenizerOptions(CorpusSource.jsonl(in.toString()), folder.resolve("tok").toString(),
        264);
    Tokenizer first = TokenizerJob.run(SparkInTests.session(), options, line -> {});
    List<String> said = new ArrayList<>();
    assertThat(TokenizerJob.run(SparkInTests.session(), options, said::add).json()).isEqualTo(first.json());
    assertThat(said).anyMatch(line -> line.contains("already made"));
    assertThat(first.vocabularySize()).isEqualTo(264);
  }

  private PrepResult prepare(String output, Path in) {
    return PrepJob.run(SparkInTests.session(), options(output, in, 10));
  }

  private PrepOptions options(String output, Path in, double heldOutPercent) {
    return new PrepOptions(CorpusSource.jsonl(in.toString()), folder.resolve(output).toString(), Optional.empty(), 264,
        16,
        heldOutPercent, 1);
  }

  private static List<String> lines(int documents) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < documents; i++)
      lines.add(
          "{\"id\":\"d" + i + "\",\"text\":\"" + "the state of the union is strong ".repeat(i % 7 + 1) + i + "\"}");
    return lines;
  }

  private Path write(String name, List<String> lines) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, String.join("\n", lines) + "\n");
  }

  private List<String> names(String path) throws IOException {
    try (Stream<Path> children = Files.list(folder.resolve(path))) {
      return children.map(child -> child.getFileName().toString()).filter(name -> !name.endsWith(".crc")).sorted()
          .toList();
    }
  }
}
