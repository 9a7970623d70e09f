package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.pack.Mixture;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.LongestPair;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read and what is written, with a tokenizer of T5's kind; Hugging Face's own library is the oracle of its tokens. */
class PairPrepTest {
  private static final int TIME = 8, END = 1;

  @TempDir
  Path folder;
  private String tokenizer;

  @BeforeEach
  void writeTheTokenizer() throws IOException {
    String vocabulary = Stream
        .concat(Stream.of("<pad>", "</s>", "<unk>"), Stream.of("a", "b", "c", "d", "e").map(word -> "\u2581" + word))
        .map(piece -> "[\"" + piece + "\", -2.0]").collect(Collectors.joining(", "));
    tokenizer = """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [%s],
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"},
           {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
           {"type": "Strip", "strip_left": true, "strip_right": true}]},
         "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": true},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
             {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
           "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
         "decoder": null,
         "model": {"type": "Unigram", "unk_id": 2, "byte_fallback": false, "vocab": [%s]}}
        """.formatted(special(), vocabulary);
    Files.writeString(folder.resolve(Tokenizer.FILE), tokenizer);
  }

  private static String special() {
    return Stream.of("<pad>", "</s>", "<unk>").map(name -> "{\"id\": "
        + List.of("<pad>", "</s>", "<unk>").indexOf(name) + ", \"content\": \"" + name + "\", \"special\": true, "
        + "\"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false}")
        .collect(Collectors.joining(", "));
  }

  /** Of 8 tokens two are the end tokens: of 5 and 3 words the first loses two, of 6 and 1 one, of 4 and 4 each one. */
  @Test
  void aPairIsOneRowOfBothTextsEachWithItsEndTokenAndWhatIsTooLongIsCutAndCounted() throws IOException {
    List<String> said = new ArrayList<>();
    PrepResult result = prepare("out", CorpusFormat.JSONL, said, """
        {"id": "short", "prompt": "a b", "completion": "c"}
        {"id": "none", "prompt": "a", "completion": ""}
        {"id": "empty", "prompt": "  ", "completion": "c"}
        {"id": "special", "prompt": "a", "completion": "b", "other": 1}
        {"id": "first", "prompt": "a b c d e", "completion": "c d e"}
        {"id": "both", "prompt": "a b c d", "completion": "d c b a"}
        {"id": "long", "prompt": "a b c d e a", "completion": "e"}
        """);
    assertThat(texts(result)).isEqualTo(new TreeMap<>(Map.of("short", "a b|c", "none", "a|", "special", "a|b", "first",
        "a b c|c d e", "both", "a b c|d c b", "long", "a b c d e|e")));
    DatasetInfo info = result.info();
    assertThat(info.packing().kind()).isEqualTo("sequence-to-sequence");
    assertThat(info.packing().cutDocuments()).isEqualTo(3);
    assertThat(info.packing().longest()).isEqualTo(new LongestPair(6, 4));
    assertThat(info.training().rows()).isEqualTo(info.training().documents()).isEqualTo(6);
    assertThat(info.training().targets()).as("completions with their end tokens").isEqualTo(2 + 1 + 2 + 4 + 4 + 2);
    int there = 5 + 3 + 4 + 8 + 8 + 8;
    assertThat(info.packing().wastePercent()).isEqualTo(100.0 * (6 * TIME - there) / (6 * TIME));
    assertThat(info.corpus().dropped()).isEqualTo(Map.of("examples", 1L));
    assertThat(said).anyMatch(line -> line.matches("Packed \\(sequence-to-sequence\\): .* 3 of 6 documents are cut"));
    Row dropped = SparkInTests.session().read().parquet(result.folder() + "/dropped").first();
    assertThat(dropped.<String>getAs("id")).isEqualTo("empty");
    assertThat(dropped.<String>getAs("reason")).isEqualTo("examples: its prompt has no token");
  }

  /** By document its two texts, whose tokens are held to the library's, their place, and that the second alone is learned. */
  private Map<String, String> texts(PrepResult result) {
    PackedDataset rows = PackedDataset.open(new Configuration(), result.folder());
    Map<String, String> texts = new TreeMap<>();
    try (HubTokenizer theirs = HubTokenizer.parse(tokenizer, Tokenizer.FILE, Integer.MAX_VALUE)) {
      for (long row = 0; row < rows.rows(); row++) {
        int[] tokens = rows.tokens(row);
        int end = rows.targets(row) + 1, second = rows.starts(row)[1];
        String id = rows.documents(row).get(0);
        assertThat(rows.spans(row)).containsExactly(new PackedRow.Span(id, 0, second, 0),
            new PackedRow.Span(id, second, end, second));
        boolean[] learned = new boolean[TIME + 1];
        Arrays.fill(learned, second, end, true);
        assertThat(rows.learned(row)).isEqualTo(learned);
        String first = text(result, tokens, 0, second), last = text(result, tokens, second, end);
        assertThat(Arrays.copyOf(tokens, second)).isEqualTo(theirs.encode(first).ids());
        assertThat(Arrays.copyOfRange(tokens, second, end)).isEqualTo(theirs.encode(last).ids());
        assertThat(Arrays.copyOfRange(tokens, end, tokens.length)).as("what fills the row up").containsOnly(END);
        texts.put(id, first + "|" + last);
      }
    }
    return texts;
  }

  private static String text(PrepResult result, int[] tokens, int from, int to) {
    return result.tokenizer().decode(Arrays.copyOfRange(tokens, from, to - 1));
  }

  @Test
  void thatMostPairsAreCutIsToldWithWhatToChange() throws IOException {
    List<String> said = new ArrayList<>();
    prepare("most", CorpusFormat.JSONL, said, "{\"prompt\": \"a b c d e a b\", \"completion\": \"c\"}\n".repeat(2)
        + "{\"prompt\": \"a\", \"completion\": \"c\"}\n");
    assertThat(said).contains("Warning: 2 of 3 examples are too long and lose their ends; a sequenceLength above 8"
        + " leaves more of them whole");
  }

  @Test
  void queriesGiveTheSameRowsAsLinesAndParquetFilesAreReadByThem() throws IOException {
    String values = "SELECT 'p' AS id, 'a b' AS question, 'c' AS completion UNION ALL SELECT 'q', 'd', 'e e'";
    Path parquet = folder.resolve("parquet-in");
    SparkInTests.session().sql(values).write().parquet(parquet.toString());
    PrepResult lines = prepare("lines", CorpusFormat.JSONL, new ArrayList<>(), """
        {"id": "p", "prompt": "a b", "completion": "c"}
        {"id": "q", "prompt": "d", "completion": "e e"}
        """);
    PrepResult query = prepare("query", CorpusFormat.SQL, new ArrayList<>(),
        "SELECT id, question AS prompt, completion FROM parquet.`" + parquet + "`");
    assertThat(query.info().training()).isEqualTo(lines.info().training());      // SHA-256 of the shards among it
    assertThatThrownBy(() -> prepare("parquet", CorpusFormat.PARQUET, new ArrayList<>(), parquet.toString()))
        .isInstanceOf(UserError.class).hasMessageContaining("read them as a query: sql: SELECT * FROM parquet.`");
    assertThatThrownBy(() -> prepare("none", CorpusFormat.SQL, new ArrayList<>(), "SELECT 'q' AS id, 'x' AS text"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has none of the columns prompt, completion (there are id, text)");
  }

  @Test
  void whatIsNoPairIsRefusedInOneLine() throws IOException {
    for (Map.Entry<String, String> wrong : Map.of("{\"prompt\": \"a\"}", "the field 'completion' is missing (there are "
        + "prompt); with packing sequence-to-sequence an example has prompt and completion, both texts",
        "{\"prompt\": [{\"role\": \"user\"}], \"completion\": \"a\"}", "the field 'prompt' is an array; with packing "
            + "sequence-to-sequence",
        "{\"prompt\": \"a\", \"completion\": null}", "the field 'completion' is null; with packing "
            + "sequence-to-sequence")
        .entrySet())
      assertThatThrownBy(() -> prepare("wrong", CorpusFormat.JSONL, new ArrayList<>(), wrong.getKey() + "\n"))
          .isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:1: ").hasMessageContaining(wrong.getValue());
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(),
        options(CorpusSource.jsonl(Files.writeString(folder.resolve("x.jsonl"), "{}\n").toString()), "short", 3)))
        .isInstanceOf(UserError.class).hasMessageContaining("sequenceLength is 3; it must be at least 4");
    assertThatThrownBy(() -> options(CorpusSource.text("x"), "text", TIME)).isInstanceOf(UserError.class)
        .hasMessageContaining("format is text; it must be jsonl, parquet, a table or a query");
    assertThatThrownBy(() -> new PrepOptions(List.of(CorpusSource.jsonl("x")), 0, List.of(), "out", Optional.empty(),
        300, 8, 0, 1, Packing.SEQUENCE_TO_SEQUENCE, Optional.empty())).isInstanceOf(UserError.class)
        .hasMessageContaining("packing is sequence-to-sequence").hasMessageContaining("name it with tokenizer");
    assertThatThrownBy(() -> new PrepOptions(List.of(CorpusSource.jsonl("x")), 0, List.of(), "out", Optional.of("t"), 0,
        8, 0, 1, Packing.SEQUENCE_TO_SEQUENCE, Optional.of("chat"))).isInstanceOf(UserError.class)
        .hasMessageContaining("chatTemplate is chat; it must be left out");
    assertThat(folder.resolve("wrong")).doesNotExist();
  }

  @Test
  void theLongestTextsAreKnownOfAddedPairsAndOfDatasetsThatAreMixed() throws IOException {
    Path in = Files.createDirectories(folder.resolve("in"));
    Files.writeString(in.resolve("1.jsonl"), "{\"id\": \"p\", \"prompt\": \"a b c\", \"completion\": \"c\"}\n");
    PrepOptions options = options(CorpusSource.jsonl(in.toString()), "data", TIME);
    DatasetInfo first = PrepJob.run(SparkInTests.session(), options).info();
    assertThat(PrepJob.run(SparkInTests.session(), options).alreadyDone()).isTrue();
    Files.writeString(in.resolve("2.jsonl"), "{\"id\": \"q\", \"prompt\": \"a\", \"completion\": \"c d\"}\n");
    DatasetInfo added = PrepJob.run(SparkInTests.session(), options).info();
    assertThat(added.datasetVersion()).isEqualTo(2);
    assertThat(first.packing().longest()).isEqualTo(new LongestPair(4, 2));
    assertThat(added.packing().longest()).isEqualTo(new LongestPair(4, 3));
    PrepResult other = prepare("other", CorpusFormat.JSONL, new ArrayList<>(),
        "{\"prompt\": \"a\", \"completion\": \"c d e\"}\n");
    DatasetMixture mixed = new DatasetMixture(List.of(
        new DatasetMixture.Member(new org.apache.hadoop.fs.Path(folder.resolve("data").toString()), first),
        new DatasetMixture.Member(other.folder(), other.info())), List.of(Mixture.ALL / 2, Mixture.ALL / 2));
    assertThat(mixed.info(new Configuration()).packing().longest()).isEqualTo(new LongestPair(4, 4));
  }

  /** @param given lines of JSON, a path or a query */
  private PrepResult prepare(String name, CorpusFormat format, List<String> said, String given) throws IOException {
    Path in = Files.createDirectories(folder.resolve(name + "-in")).resolve("in.jsonl");
    Files.writeString(in, given);
    String path = format == CorpusFormat.JSONL ? in.toString() : given;
    return PrepJob.run(SparkInTests.session(),
        options(new CorpusSource(List.of(path), format, "text", "id"), name, TIME), said::add);
  }

  private PrepOptions options(CorpusSource of, String name, int length) {
    return new PrepOptions(List.of(of), 0, List.of(), folder.resolve(name).toString(),
        Optional.of(folder.toString()), 0, length, 0, 1, Packing.SEQUENCE_TO_SEQUENCE, Optional.empty());
  }
}
