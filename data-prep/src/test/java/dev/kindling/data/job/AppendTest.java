package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.dedup.DedupSettings;
import dev.kindling.data.dedup.NearSettings;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.data.shard.PackedDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are added to a dataset, against all texts compared with one another by hand. */
class AppendTest {
  private static final Configuration CONF = new Configuration();
  private static final int WORDS = 60;

  @TempDir
  Path folder;
  private final Random random = new Random(7);

  @Test
  void whatIsAddedIsWhatNoOldAndNoEarlierNewDocumentIsLike() throws IOException {
    Map<String, String> old = planted("a", List.of(), 12);
    Map<String, String> added = planted("b", List.copyOf(old.values()), 10);
    write("corpus/1.jsonl", old);
    PrepResult first = run(true, line -> {});
    Map<Path, String> before = content(folder.resolve("data"));
    write("corpus/2.jsonl", added);
    PrepResult second = run(true, line -> {});

    Map<Path, String> after = content(folder.resolve("data"));
    before.keySet().removeIf(file -> file.endsWith(DatasetInfo.FILE) || file.endsWith(".dataset.json.crc"));
    assertThat(after).containsAllEntriesOf(before);
    assertThat(second.info().datasetVersion()).isEqualTo(2);
    assertThat(DatasetVersions.read(CONF, first.folder(), 1, "version")).isEqualTo(first.info());
    assertThat(DatasetVersions.withFingerprint(CONF, first.folder(), first.info().fingerprint()))
        .contains(first.info());
    assertThat(second.info().training().shards()).containsAll(first.info().training().shards());

    Set<String> keptOld = kept(old, Map.of());
    Set<String> keptNew = kept(added, old);
    assertThat(keptOld.size()).isBetween(12, old.size() - 5);
    assertThat(keptNew.size()).isBetween(10, added.size() - 5);
    Map<String, Integer> tokens = new TreeMap<>();
    for (Row row : table("documents").select("id", "tokens").collectAsList())
      assertThat(tokens.put(row.getString(0), row.getInt(1))).isNull();
    assertThat(tokens.keySet())
        .isEqualTo(Stream.of(keptOld, keptNew).flatMap(Set::stream).collect(Collectors.toCollection(TreeSet::new)));
    assertThat(table("dropped").count()).isEqualTo(old.size() + added.size() - tokens.size());
    DatasetInfo info = second.info();
    assertThat(info.corpus().records()).isEqualTo(old.size() + added.size());
    assertThat(info.corpus().sources().get("corpus"))
        .isEqualTo(new DatasetInfo.Source(tokens.size(), tokens.values().stream().mapToLong(n -> n).sum()));
    assertThat(info.training().tokens() + info.heldOut().tokens())
        .isEqualTo(info.corpus().sources().get("corpus").tokens());
    Map<String, String> all = new HashMap<>(old);
    all.putAll(added);
    assertThat(textsOfRows(second))
        .containsExactlyInAnyOrderElementsOf(tokens.keySet().stream().map(all::get).toList());
  }

  @Test
  @Tag("slow")
  void withNothingNewNothingIsDoneAndAThirdVersionKnowsTheSecondsFiles() throws IOException {
    write("corpus/1.jsonl", planted("a", List.of(), 8));
    run(true, line -> {});
    Map<String, String> second = planted("b", List.of(), 8);
    write("corpus/2.jsonl", second);
    PrepResult two = run(true, line -> {});
    List<String> said = new ArrayList<>();
    PrepResult again = run(true, said::add);
    assertThat(again.alreadyDone()).isTrue();
    assertThat(again.info()).isEqualTo(two.info());
    assertThat(said).anyMatch(line -> line.contains("already made") && line.contains("version 2"));
    Map<String, String> copies = new LinkedHashMap<>();
    second.values().forEach(text -> copies.put("c" + copies.size(), text));
    write("corpus/3.jsonl", copies);
    PrepResult three = run(true, line -> {});
    assertThat(three.info().datasetVersion()).isEqualTo(3);
    assertThat(three.info().training()).isEqualTo(two.info().training());
    assertThat(three.info().heldOut()).isEqualTo(two.info().heldOut());
    assertThat(three.info().corpus().records()).isEqualTo(two.info().corpus().records() + copies.size());
    assertThat(DatasetVersions.read(CONF, three.folder(), 2, "version")).isEqualTo(two.info());
    assertThatThrownBy(() -> DatasetVersions.read(CONF, three.folder(), 4, "version")).isInstanceOf(UserError.class)
        .hasMessageContaining("version is 4; it must be 1 to 3");
  }

  @Test
  @Tag("slow")
  void aKillLeavesTheFormerVersionAndTheNextRunMakesTheSame() throws IOException {
    write("corpus/1.jsonl", planted("a", List.of(), 8));
    PrepResult first = run(true, line -> {});
    copy(folder.resolve("data"), folder.resolve("twin"));
    Map<Path, String> before = content(folder.resolve("data"));
    write("corpus/2.jsonl", planted("b", List.of(), 8));
    assertThatThrownBy(() -> run(true, line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    })).isInstanceOf(LinkageError.class);
    assertThat(content(folder.resolve("data"))).containsAllEntriesOf(before);
    assertThat(DatasetInfo.read(CONF, first.folder())).isEqualTo(first.info());
    List<String> said = new ArrayList<>();
    DatasetInfo made = run(true, said::add).info();
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(3);
    assertThat(PrepJob.run(SparkInTests.session(), options("twin", true)).info()).isEqualTo(made);

    Path manifest = folder.resolve("data/dataset.json");                    // killed before the last of all steps
    Files.copy(folder.resolve("data/versions/0001/version.json"), manifest,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertThat(DatasetInfo.read(CONF, first.folder())).isEqualTo(first.info());
    said.clear();
    assertThat(run(true, said::add).info()).isEqualTo(made);
    assertThat(said).noneMatch(line -> line.startsWith("Encoding"));
    assertThat(DatasetInfo.read(CONF, first.folder())).isEqualTo(made);
  }

  @Test
  void aKillBetweenTheMovesAndTheManifestLosesNoSignaturesAndWithoutThemNothingIsAdded() throws IOException {
    write("corpus/1.jsonl", planted("a", List.of(), 4));
    PrepResult first = run(true, line -> {});
    Map<String, String> second = planted("b", List.of(), 4);
    write("corpus/2.jsonl", second);
    assertThatThrownBy(() -> run(true, line -> {
      if (line.startsWith("Packing")) throw new LinkageError("as if killed: nothing is cleared up");
    })).isInstanceOf(LinkageError.class);
    Path home = folder.resolve("data/versions/0002");
    Path left = home.resolve("_unfinished").resolve(home.resolve("_unfinished").toFile().list()[0]);
    Files.move(left.resolve("near-signatures"), home.resolve("near-signatures"));   // of the moves the only one
    List<String> said = new ArrayList<>();
    PrepResult made = run(true, said::add);
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(2)
        .noneMatch(line -> line.contains("stage near"));
    Set<String> signed = SparkInTests.session().read().parquet(home.resolve("near-signatures").toString())
        .select("id").distinct().collectAsList().stream().map(row -> row.getString(0)).collect(Collectors.toSet());
    assertThat(signed).hasSize(Set.copyOf(second.values()).size());

    delete(home.resolve("near-signatures"));
    write("corpus/3.jsonl", planted("c", List.of(), 4));
    Map<Path, String> before = content(folder.resolve("data"));
    assertThatThrownBy(() -> run(true, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("versions/0002/near-signatures is missing, which new documents are compared with")
        .hasMessageNotContaining("\n");
    assertThat(content(folder.resolve("data"))).isEqualTo(before);
    assertThat(DatasetInfo.read(CONF, first.folder())).isEqualTo(made.info());
  }

  @Test
  void whatAnotherPrepAddedMeanwhileStays() throws IOException {
    write("corpus/1.jsonl", planted("a", List.of(), 4));
    PrepResult first = run(false, line -> {});
    write("corpus/2.jsonl", planted("b", List.of(), 4));
    Path manifest = folder.resolve("data/dataset.json");
    String others = Files.readString(manifest).replace(first.info().fingerprint(), "of the other's version");
    assertThatThrownBy(() -> run(false, line -> {
      if (line.startsWith("Packing")) overwrite(manifest, others);
    })).isInstanceOf(UserError.class).hasMessageContaining("another prep has changed the dataset in ")
        .hasMessageContaining("nothing was added to it: run this one again");
    assertThat(Files.readString(manifest)).isEqualTo(others);
    assertThat(folder.resolve("data/versions/0002")).doesNotExist();
  }

  @Test
  void whatIsNoAdditionIsRefusedInOneLineAndChangesNothing() throws IOException {
    Map<String, String> old = planted("a", List.of(), 6);
    write("corpus/1.jsonl", old);
    write("corpus/2.jsonl", planted("b", List.of(), 6));
    PrepResult first = run(false, line -> {});
    Map<Path, String> before = content(folder.resolve("data"));
    Map<String, String> more = planted("c", List.of(), 6);
    write("corpus/3.jsonl", more);
    assertThatThrownBy(() -> run(true, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("other inputs or settings: exact is on, it was not set");
    write("corpus/1.jsonl", planted("x", List.of(), 6));
    refuses("1.jsonl of the input corpus, which the dataset was made of, has changed");
    Files.delete(folder.resolve("corpus/1.jsonl"));
    refuses("1.jsonl of the input corpus, which the dataset was made of, is not among the inputs");
    write("corpus/1.jsonl", old);
    more.put(old.keySet().iterator().next(), "another text under a known name");
    write("corpus/3.jsonl", more);
    refuses("the new files has the id '" + old.keySet().iterator().next() + "'");
    assertThat(content(folder.resolve("data"))).isEqualTo(before);
    assertThat(DatasetInfo.read(CONF, first.folder())).isEqualTo(first.info());
  }

  @Test
  void filesOfAnotherFolderAreToldFromThoseThatTheDatasetBeganWith() throws IOException {
    Path in = Files.createDirectories(folder.resolve("corpus/2024/01"));
    Files.writeString(in.resolve("a.jsonl"), "{\"text\":\"" + words() + "\"}\n{\"text\":\"" + words() + "\"}\n");
    run(false, line -> {});
    Files.createDirectories(folder.resolve("corpus/2025"));
    Files.writeString(folder.resolve("corpus/2025/a.jsonl"), "{\"text\":\"" + words() + "\"}\n");
    Files.writeString(in.resolve("b.jsonl"), "{\"text\":\"" + words() + "\"}\n");
    PrepResult second = run(false, line -> {});
    assertThat(table("documents").select("file", "position").distinct().collectAsList().stream()
        .map(row -> row.getString(0) + "@" + (row.getLong(1) > 0 ? "behind" : 0))).containsExactlyInAnyOrder(
            "a.jsonl@0", "a.jsonl@behind", "b.jsonl@0", "../../2025/a.jsonl@0");
    assertThat(second.info().append().files()).isEqualTo(2);
    assertThat(run(false, line -> {}).alreadyDone()).isTrue();
  }

  @Test
  void aParagraphThatOldDocumentsHaveGoesFromNewOnesOnly() {
    String notice = "All rights reserved. No part of this may be copied without a letter.";
    RepeatedParagraphs step = new RepeatedParagraphs(new dev.kindling.data.dedup.ParagraphSettings(20, 1, true),
        new Priority(List.of()));
    var old = Corpus.of(List.of(Corpus.document("z", "Old.\n\n" + notice)));
    var added = Corpus.of(List.of(Corpus.document("a", "New.\n\n" + notice), Corpus.document("b", notice)));
    var result = step.apply(added, step.signatures(added), Optional.of(step.signatures(old)));
    assertThat(Corpus.texts(result)).containsEntry("a", "New.").hasSize(2);
    assertThat(Corpus.dropped(result)).containsOnlyKeys("b");
    assertThat(Corpus.texts(step.apply(added))).containsEntry("a", "New.\n\n" + notice);
  }

  private void refuses(String message) {
    assertThatThrownBy(() -> run(false, line -> {})).isInstanceOf(UserError.class).hasMessageContaining(message);
  }

  /** What stays of documents that come in the order of the map: the rules of FORMAT.md on all pairs. @param before of the dataset */
  private static Set<String> kept(Map<String, String> documents, Map<String, String> before) {
    Map<String, String> texts = new LinkedHashMap<>();                       // those with different texts
    Set<String> oldTexts = new HashSet<>(before.values());
    documents.forEach((id, text) -> {
      if (!oldTexts.contains(text) && !texts.containsValue(text)) texts.put(id, text);
    });
    Map<String, String> all = new LinkedHashMap<>(texts);
    before.forEach((id, text) -> {
      if (all.keySet().stream().filter(before::containsKey).noneMatch(other -> before.get(other).equals(text)))
        all.put(id, text);
    });
    Map<String, String> label = new HashMap<>();
    all.keySet().forEach(id -> label.put(id, id));
    List<String> ids = List.copyOf(all.keySet());
    for (int i = 0; i < ids.size(); i++) {
      for (int k = 0; k < i; k++) {
        if (jaccard(all.get(ids.get(i)), all.get(ids.get(k))) < 0.8) continue;
        String from = label.get(ids.get(i));
        String to = label.get(ids.get(k));
        label.replaceAll((id, of) -> of.equals(from) ? to : of);
      }
    }
    Set<String> taken = before.keySet().stream().filter(all::containsKey).map(label::get).collect(Collectors.toSet());
    Set<String> kept = new TreeSet<>();
    for (String id : texts.keySet()) if (taken.add(label.get(id))) kept.add(id);
    return kept;
  }

  private static double jaccard(String a, String b) {
    Set<String> first = shingles(a);
    Set<String> second = shingles(b);
    long both = first.stream().filter(second::contains).count();
    return (double) both / (first.size() + second.size() - both);
  }

  private static Set<String> shingles(String text) {
    List<String> words = Arrays.asList(text.split(" "));
    return IntStream.rangeClosed(0, words.size() - 5).mapToObj(i -> String.join(" ", words.subList(i, i + 5)))
        .collect(Collectors.toSet());
  }

  /** Texts of which some are copies and edits of others, and of given ones. */
  private Map<String, String> planted(String prefix, List<String> given, int originals) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < originals; i++) {
      String text = words();
      texts.add(text);
      if (i % 3 == 0) texts.add(text);
      if (i % 4 == 0) texts.add(edited(edited(text)));
      if (i % 2 == 0) texts.add(edited(text));
    }
    for (int i = 0; i < given.size(); i += 2) texts.add(i % 4 == 0 ? given.get(i) : edited(given.get(i)));
    Map<String, String> documents = new LinkedHashMap<>();
    for (String text : texts) documents.put(String.format("%s%03d", prefix, documents.size()), text);
    return documents;
  }

  private String words() {
    return IntStream.range(0, WORDS).mapToObj(i -> "w" + random.nextInt(4000)).collect(Collectors.joining(" "));
  }

  /** With a last word that is another: 55 shingles of 57 are the same. */
  private String edited(String text) {
    return text.substring(0, text.lastIndexOf(' ')) + " e" + random.nextInt(4000);
  }

  /** The documents that the rows of both parts spell, and that the rows' numbers are as they should be. */
  private List<String> textsOfRows(PrepResult result) {
    List<String> texts = new ArrayList<>();
    for (PackedDataset rows : List.of(PackedDataset.open(CONF, result.folder()),
        PackedDataset.openHeldOut(CONF, result.folder()))) {
      String[] files = rows.part().shards().stream().map(shard -> result.folder() + "/" + shard.file())
          .toArray(String[]::new);
      assertThat(SparkInTests.session().read().parquet(files).select("row").collectAsList().stream()
          .map(row -> row.getLong(0)).sorted().toList())
          .isEqualTo(LongStream.range(0, rows.rows()).boxed().toList());
      StringBuilder stream = new StringBuilder();
      for (long row = 0; row < rows.rows(); row++)
        stream.append(result.tokenizer().decode(Arrays.copyOfRange(rows.tokens(row), 1, 1 + rows.targets(row))));
      texts.addAll(List.of(stream.toString().split("<\\|endoftext\\|>")));
    }
    return texts;
  }

  private static org.apache.spark.sql.Dataset<Row> table(Path data, String name) {
    DatasetInfo info = DatasetInfo.read(CONF, new org.apache.hadoop.fs.Path(data.toUri()));
    return new Former(SparkInTests.session(), new org.apache.hadoop.fs.Path(data.toUri()), info).table(name).get();
  }

  private org.apache.spark.sql.Dataset<Row> table(String name) {
    return table(folder.resolve("data"), name);
  }

  private PrepResult run(boolean deduplicated, Consumer<String> progress) {
    return PrepJob.run(SparkInTests.session(), options("data", deduplicated), progress);
  }

  private PrepOptions options(String output, boolean deduplicated) {
    List<PrepStage> stages = new ArrayList<>();
    DedupSettings both = new DedupSettings(true, Optional.of(NearSettings.defaults()), Optional.empty());
    if (deduplicated)
      for (CorpusStep step : new Priority(List.of(CorpusSource.NAME)).steps(both))
        stages.add(new PrepStage(step.name(), List.of(step), "on"));
    return new PrepOptions(List.of(CorpusSource.jsonl(folder.resolve("corpus").toString())), 0, stages,
        folder.resolve(output).toString(), Optional.empty(), 300, 16, 20, 1);
  }

  private void write(String name, Map<String, String> documents) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, documents.entrySet().stream()
        .map(entry -> "{\"id\":\"" + entry.getKey() + "\",\"text\":\"" + entry.getValue() + "\"}").toList());
  }

  private static Map<Path, String> content(Path folder) throws IOException {
    Map<Path, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList())
        content.put(file, Arrays.hashCode(Files.readAllBytes(file)) + " of " + Files.size(file));
    }
    return content;
  }

  private static void overwrite(Path file, String content) {
    try {
      Files.writeString(file, content);
      Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) Files.createDirectories(target);
        else Files.copy(file, target);
      }
    }
  }
}
