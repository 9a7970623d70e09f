package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import dev.kindling.data.chat.ChatTemplate;
import dev.kindling.jobs.WordTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that begin with a model of a folder, by the verbs alone: steps at a rate of next to nothing leave it as it was. */
@Timeout(180)
class FineTuningTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int VOCABULARY = 101;
  private static final String TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}";
  private static final String[] WORDS = {"a", "man", "and", "the", "film", "no", "long"};

  @TempDir
  static Path folder;
  private static Path decoderTexts;
  private static Path decoderData;

  @BeforeAll
  static void prepare() throws IOException {
    Path tokenizer = folder.resolve("decoder");
    write(tokenizer, VOCABULARY, Map.of(0, "<unk>", 2, "</s>"));
    decoderTexts = words("decoder.jsonl", 4, VOCABULARY);
    decoderData = prepared("decoder-data", decoderTexts, tokenizer, "packing=concatenate");
  }

  /** Words as T5's tokenizers have them. @param special those that are special tokens, by their ids; one is {@code <unk>} */
  private static void write(Path to, int vocabulary, Map<Integer, String> special) throws IOException {
    Files.createDirectories(to);
    WordTokenizer.write(to, List.of());
    ObjectNode root = (ObjectNode) JSON.readTree(to.resolve("tokenizer.json").toFile());
    ArrayNode added = root.putArray("added_tokens");
    special.forEach((id, name) -> added.addObject().put("id", id).put("content", name).put("single_word", false)
        .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", true));
    ObjectNode model = (ObjectNode) root.get("model");
    ArrayNode pieces = model.putArray("vocab");
    for (int id = 0; id < vocabulary; id++) pieces.addArray().add(special.getOrDefault(id, "\u2581w" + id)).add(-2.0);
    special.forEach((id, name) -> {
      if (name.equals("<unk>")) model.put("unk_id", id);
    });
    Files.writeString(to.resolve("tokenizer.json"), root.toString());
  }

  private static Path words(String name, int from, int to) throws IOException {
    Random random = new Random(4);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      StringBuilder text = new StringBuilder();
      for (int w = 0; w < 20; w++) text.append('w').append(random.nextInt(from, to)).append(' ');
      lines.append("{\"id\": \"d").append(i).append("\", \"text\": \"").append(text).append("\"}\n");
    }
    return Files.writeString(folder.resolve(name), lines);
  }

  private static Path prepared(String name, Path texts, Path tokenizer, String... settings) {
    Path out = folder.resolve(name);
    Ended.well(with(new String[]{"prep", "--in", texts.toString(), "--out", out.toString()},
        Stream.concat(Stream.of("tokenizer=" + tokenizer, "sequenceLength=16", "heldOutPercent=10"),
            Stream.of(settings))));
    return out;
  }

  private static String[] with(String[] verb, Stream<String> settings) {
    List<String> all = new ArrayList<>(List.of(verb));
    settings.forEach(setting -> all.addAll(List.of("--set", setting)));
    return all.toArray(String[]::new);
  }

  private static String[] pretrain(Path data, Path run, String... settings) {
    return with(new String[]{"pretrain", "--data", data.toString(), "--out", run.toString()},
        Stream.concat(Stream.of("train.virtualRanks=1", "train.precision=float32"), Stream.of(settings)));
  }

  /** One step that moves nothing. */
  private static String[] beginning(Path data, Path run, Path from) {
    return pretrain(data, run, "model.from=" + from, "train.steps=1", "optimizer.kind=adamw", "optimizer.rate=1e-9");
  }

  private static Path checkpoint(Path of) throws IOException {
    try (Stream<Path> all = Files.list(of)) {
      return all.filter(path -> path.getFileName().toString().startsWith("step-")).sorted().reduce((a, b) -> b)
          .orElseThrow();
    }
  }

  private static ModelFolder open(Path model) {
    return ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(model.toUri()));
  }

  /** @param among which of the tensors are looked at, by what their names begin with; @return how many there were */
  private static int assertSameWeights(Path one, Path other, String among) {
    int compared = 0;
    try (ModelFolder a = open(one); ModelFolder b = open(other)) {
      for (TensorSpec tensor : a.config().tensors()) {
        if (!tensor.name().startsWith(among)) continue;
        float[] expected = b.weights().read(tensor.name()), found = a.weights().read(tensor.name());
        assertThat(found).as(tensor.name()).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++)
          assertThat(found[i]).as(tensor.name()).isCloseTo(expected[i], within(1e-6f));
        compared++;
      }
    }
    return compared;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-gqa", "gpt-neox", "bloom-alibi", "gemma2", "mixtral", "phi3"})
  void aDecoderOfAnyFamilyGoesOnFromItsFolder(String name) throws IOException {
    Path model = folder.resolve(name), run = folder.resolve(name + "-run");
    GoldenTexts.copy(name, model, VOCABULARY);
    Files.copy(folder.resolve("decoder/tokenizer.json"), model.resolve("tokenizer.json"),
        StandardCopyOption.REPLACE_EXISTING);
    Files.writeString(model.resolve(ChatTemplate.FILE), TEMPLATE);
    Ended.well(beginning(decoderData, run, model));
    Path found = checkpoint(run);
    assertThat(assertSameWeights(found, model, "")).isGreaterThan(10);
    assertThat(found.resolve("tokenizer.json")).hasSameTextualContentAs(model.resolve("tokenizer.json"));
    assertThat(found.resolve(ChatTemplate.FILE)).content().isEqualTo(TEMPLATE);
    assertThat(Ended.well("verify", run.toString())).contains("whole");
    JsonNode given = JSON.readTree(model.resolve("config.json").toFile());
    JsonNode written = JSON.readTree(found.resolve("config.json").toFile());
    for (String key : List.of("model_type", "architectures", "vocab_size", "eos_token_id"))
      assertThat(written.path(key)).as(key).isEqualTo(given.path(key));
  }

  /** RoBERTa's mask has a name of its own, and its padding an id. */
  @Test
  void anEncoderGoesOnSayingHiddenWordsFromItsFolder() throws IOException {
    Path model = folder.resolve("roberta"), run = folder.resolve("roberta-run");
    GoldenTexts.copy("roberta-mlm", model, 97);
    write(model, 97, Map.of(0, "<s>", 1, "<pad>", 2, "</s>", 3, "<unk>", 96, "<mask>"));
    Path data = prepared("roberta-data", words("roberta.jsonl", 4, 96), model, "packing=best-fit");
    Ended.well(beginning(data, run, model));
    assertThat(assertSameWeights(checkpoint(run), model, "")).isGreaterThan(10);
    String tokenizer = Files.readString(model.resolve("tokenizer.json"));
    Files.writeString(model.resolve("tokenizer.json"), tokenizer.replace("<mask>", "<other>"));
    Path other = prepared("roberta-other", words("other.jsonl", 4, 96), model, "packing=best-fit");
    assertThat(Ended.refused(beginning(other, folder.resolve("none"), model)))
        .contains("lacks a special token [MASK] or <mask>, which stands for hidden words");
  }

  private static Path labelled() throws IOException {
    Random random = new Random(5);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 150; i++) {
      String text = WORDS[random.nextInt(7)] + " " + WORDS[random.nextInt(7)] + " " + WORDS[random.nextInt(7)];
      lines.append(JSON.createObjectNode().put("id", "d" + i).put("text", text)
          .put("label", text.contains("film") ? "of film" : "of else").put("third", "of " + i % 3)).append('\n');
    }
    return Files.writeString(folder.resolve("labelled.jsonl"), lines);
  }

  @Test
  void anEncoderThatSaidWordsIsTaughtLabelsUnderAFreshHeadWhichIsKeptByTheNextRun() throws IOException {
    Path tokenizer = Files.createDirectories(folder.resolve("bert"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), JSON
        .readTree(Path.of("../golden/labelled-texts.json").toFile()).get("bert_template").get("tokenizer").toString());
    Path texts = labelled();
    Path plain = prepared("bert-data", texts, tokenizer, "packing=best-fit");
    Ended.well(pretrain(plain, folder.resolve("words"), "model.family=bert", "model.layers=1", "model.heads=2",
        "model.width=16", "train.steps=3"));
    Path trained = checkpoint(folder.resolve("words"));
    Path data = prepared("labels-data", texts, trained, "packing=classification", "labelField=label");
    Ended.well(beginning(data, folder.resolve("labels"), trained));
    Path labels = checkpoint(folder.resolve("labels"));
    assertThat(assertSameWeights(labels, trained, "bert.encoder.")).isGreaterThan(10);
    JsonNode config = JSON.readTree(labels.resolve("config.json").toFile());
    assertThat(config.at("/architectures/0").asText()).isEqualTo("BertForSequenceClassification");
    assertThat(config.at("/id2label/0").asText()).isEqualTo("of else");
    Path again = prepared("again-data", texts, labels, "packing=classification", "labelField=label");
    Ended.well(beginning(again, folder.resolve("again"), labels));
    assertThat(assertSameWeights(checkpoint(folder.resolve("again")), labels, "")).isGreaterThan(14);
  }

  /** As in BERT's own files: beside the head of its first training they have a pooler, which labels of texts are read from. */
  @Test
  void thePoolerOfAFolderIsTaughtToo() throws IOException {
    Path words = folder.resolve("pooled"), tokenizer = folder.resolve("pooled-tokenizer");
    Files.createDirectories(tokenizer);
    Files.writeString(tokenizer.resolve("tokenizer.json"), JSON
        .readTree(Path.of("../golden/labelled-texts.json").toFile()).get("bert_template").get("tokenizer").toString());
    Path texts = labelled();
    Path plain = prepared("pooled-data", texts, tokenizer, "packing=best-fit");
    Ended.well(pretrain(plain, words, "model.family=bert", "model.layers=1", "model.heads=2", "model.width=16",
        "train.steps=3"));
    Path model = folder.resolve("pooled-model");
    Files.createDirectories(model);
    for (String file : List.of("config.json", "tokenizer.json"))
      Files.copy(checkpoint(words).resolve(file), model.resolve(file));
    float[] pooler = new float[16 * 16];
    for (int i = 0; i < pooler.length; i++) pooler[i] = i * 1e-3f;
    writePooled(checkpoint(words), model, pooler);
    Path data = prepared("pooled-labels", texts, model, "packing=classification", "labelField=third");
    Ended.well(beginning(data, folder.resolve("pooled-run"), model));
    try (ModelFolder found = open(checkpoint(folder.resolve("pooled-run")))) {
      float[] taught = found.weights().read("bert.pooler.dense.weight");
      for (int i = 0; i < pooler.length; i++) assertThat(taught[i]).isCloseTo(pooler[i], within(1e-6f));
      assertThat(found.weights().find("classifier.weight").shape()).containsExactly(3, 16);
    }
  }

  /** The weights of a folder and a pooler, in the files of another. */
  private static void writePooled(Path from, Path to, float[] pooler) throws IOException {
    try (ModelFolder words = open(from)) {
      WeightSource stored = words.weights();
      List<TensorSpec> tensors = new ArrayList<>(stored.tensors());
      tensors.add(TensorSpec.float32("bert.pooler.dense.weight", 16, 16));
      tensors.add(TensorSpec.float32("bert.pooler.dense.bias", 16));
      SafetensorsWriter.write(new Configuration(),
          new org.apache.hadoop.fs.Path(to.resolve("model.safetensors").toUri()), new WeightSource() {
            @Override
            public List<TensorSpec> tensors() {
              return tensors;
            }

            @Override
            public void read(String name, long at, float[] into, int offset, int count) {
              if (!name.startsWith("bert.pooler")) stored.read(name, at, into, offset, count);
              else if (name.endsWith("weight")) System.arraycopy(pooler, (int) at, into, offset, count);
            }
          });
    }
  }

  /** RoBERTa's tokenizer is told to put a space before each word, for words one by one, and is the folder's all the same. */
  @Test
  void labelsOfWordsAreTaughtToARobertaWhoseTokenizerPrepHasToldOfWords() throws IOException {
    Path tokenizer = Files.createDirectories(folder.resolve("bytes")), model = folder.resolve("bytes-model");
    Files.writeString(tokenizer.resolve("tokenizer.json"), JSON
        .readTree(Path.of("../golden/labelled-texts.json").toFile()).get("roberta").get("tokenizer").toString());
    Path plain = prepared("bytes-data", labelled(), tokenizer, "packing=best-fit");
    Ended.well(pretrain(plain, folder.resolve("bytes-words"), "model.family=roberta", "model.layers=1",
        "model.heads=2", "model.width=16", "model.contextLength=40", "train.steps=2"));
    Files.createDirectories(model);
    for (String file : List.of("config.json", "tokenizer.json", "model.safetensors"))
      Files.copy(checkpoint(folder.resolve("bytes-words")).resolve(file), model.resolve(file));
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 40; i++)
      lines.append("{\"id\": \"d" + i + "\", \"tokens\": [\"a\", \"film\"], \"tags\": [\"O\", \"B-X\"]}\n");
    Path entities = Files.writeString(folder.resolve("entities.jsonl"), lines);
    Path data = prepared("bytes-entities", entities, model, "packing=token-classification");
    assertThat(data.resolve("tokenizer.json")).content()
        .isNotEqualTo(Files.readString(model.resolve("tokenizer.json")));
    Ended.well(beginning(data, folder.resolve("bytes-run"), model));
    assertThat(assertSameWeights(checkpoint(folder.resolve("bytes-run")), model, "roberta.")).isGreaterThan(16);
  }

  @Test
  void whatDoesNotFitTheFolderIsRefusedInOneLine() throws IOException {
    Path gpt2 = folder.resolve("gpt2"), none = folder.resolve("none");
    GoldenTexts.copy("gpt2", gpt2, 97);
    assertThat(Ended.refused(beginning(decoderData, none, gpt2)))
        .contains("the dataset's tokenizer is another than the model's: prepare the dataset with the tokenizer in");
    Files.delete(gpt2.resolve("tokenizer.json"));
    assertThat(Ended.refused(beginning(decoderData, none, gpt2)))
        .contains("the dataset's tokenizer has 101 tokens, the model 97: prepare the dataset with");
    Path llama = folder.resolve("llama");
    GoldenTexts.copy("llama-gqa", llama, VOCABULARY);
    Files.copy(folder.resolve("decoder/tokenizer.json"), llama.resolve("tokenizer.json"),
        StandardCopyOption.REPLACE_EXISTING);
    Path longRows = prepared("long-data", decoderTexts, llama, "packing=concatenate", "sequenceLength=80");
    assertThat(Ended.refused(beginning(longRows, none, llama))).contains(
        "the dataset's rows have 80 tokens; the model in ",
        " takes 64 at the most: prepare the dataset with sequenceLength=64 or less");
    assertThat(Ended.refused(pretrain(decoderData, none, "model.from=" + llama, "model.family=bert")))
        .contains("model.family is bert; it must be left out, or llama as that of model.from");
    assertThat(none).doesNotExist();
  }
}
