package dev.kindling.checkpoint.gguf;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import de.kherud.llama.args.Sampler;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * llama.cpp itself as the judge: it loads the file, tokenizes as Hugging Face does and continues as transformers does.
 */
class ExportLlamaCppTest {
  @TempDir
  Path folder;

  private LlamaModel load(Path model, GgufType type, int context) throws Exception {
    Path file = folder.resolve(type + ".gguf");
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(model))) {
      GgufExport.write(CONF, opened, hadoop(file), type);
    }
    // Flash attention is off by default; float32 keys and values, or half precision would decide between near logits.
    return new LlamaModel(
        new ModelParameters().setModel(file.toString()).setCtxSize(context).setThreads(1).setThreadsBatch(1)
            .setCacheTypeK(CacheType.F32).setCacheTypeV(CacheType.F32).setGpuLayers(0).setParallel(1)
            .disableContextShift().skipWarmup());
  }

  private static String greedy(LlamaModel model, String prompt, int tokens) {
    StringBuilder text = new StringBuilder();
    InferenceParameters parameters = new InferenceParameters(prompt).setNPredict(tokens).setTemperature(0)
        .setRepeatPenalty(1)
        .setSamplers(Sampler.TEMPERATURE).setCachePrompt(false);
    for (LlamaOutput piece : model.generate(parameters)) text.append(piece.text);
    return text.toString();
  }

  @ParameterizedTest
  @EnumSource(GgufType.class)
  void everyTypeLoadsAndTokenizesAsHuggingFaceAndGeneratesTheSameTwice(GgufType type) throws Exception {
    TinyModel.write(folder.resolve("m"), Gpt2Config.of(300, 64, 32, 2, 4), 1);
    try (LlamaModel model = load(folder.resolve("m"), type, 64)) {
      for (JsonNode c : new ObjectMapper().readTree(TinyModel.resource("/tokenizer/expected.json"))) {
        int[] ids = new ObjectMapper().convertValue(c.path("ids"), int[].class);
        assertThat(model.encode(c.path("text").asText())).as(c.path("text").toString()).containsExactly(ids);
        assertThat(model.decode(ids)).isEqualTo(c.path("text").asText());
      }
      String once = greedy(model, "The state of the union", 20);
      assertThat(once).isNotEmpty();
      assertThat(greedy(model, "The state of the union", 20)).isEqualTo(once);
    }
  }

  /** transformers' own greedy continuation of the golden model; in F16 its clear decisions stay the same. */
  @ParameterizedTest
  @EnumSource(value = GgufType.class, names = {"F32", "F16"})
  void itContinuesTheGoldenModelAsTransformersDoes(GgufType type) throws Exception {
    long[] prompt, continuation;
    try (ModelFolder golden = ModelFolder.open(CONF, TinyModel.golden("gpt2"));
        SafetensorsReader values = SafetensorsReader.open(CONF,
            TinyModel.golden("gpt2", "golden.safetensors"))) {
      long[] all = values.readLongs("output.greedy");
      prompt = Arrays.copyOf(all, all.length - 16);
      continuation = Arrays.copyOfRange(all, all.length - 16, all.length);
      ModelFolderWriter.export(CONF, hadoop(folder.resolve("named")), golden.config(), golden.weights(), namesOfIds(97),
          ElementType.F32);
    }
    try (LlamaModel model = load(folder.resolve("named"), type, 32)) {
      assertThat(greedy(model, ids(prompt), 16)).isEqualTo(ids(continuation));
    }
  }

  @Test
  void anUntiedHeadIsUsed() throws Exception {
    Gpt2Config config = Gpt2Config.of(50, 64, 32, 2, 4).withTiedHead(false);
    var weights = TinyModel.random(config, 3);
    float[] head = weights.values().get("lm_head.weight"), last = weights.values().get("transformer.ln_f.weight");
    // The final norm gives its bias, and the head's row 17 alone answers to it: token 17 for ever.
    Arrays.fill(head, 0);
    Arrays.fill(last, 0);
    Arrays.fill(weights.values().get("transformer.ln_f.bias"), 1);
    Arrays.fill(head, 17 * 32, 18 * 32, 1);
    ModelFolderWriter.export(CONF, hadoop(folder.resolve("untied")), config, weights, namesOfIds(50), ElementType.F32);
    try (LlamaModel model = load(folder.resolve("untied"), GgufType.Q8_0, 64)) {
      assertThat(greedy(model, "<3><4>", 5)).isEqualTo("<17>".repeat(5));
    }
  }

  private static String ids(long[] ids) {
    StringBuilder text = new StringBuilder();
    for (long id : ids) text.append('<').append(id).append('>');
    return text.toString();
  }

  /**
   * A tokenizer whose token n reads {@code <n>}: the binding takes and gives text only, and with this one text is ids.
   * They are added tokens, which are matched before anything else.
   */
  private static String namesOfIds(int count) {
    ObjectNode json = Json.object();
    json.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", false);
    ObjectNode vocabulary = json.putObject("model").put("type", "BPE").putObject("vocab");
    ((ObjectNode) json.get("model")).putArray("merges");
    List<String> names = new ArrayList<>();
    for (int id = 0; id < count; id++) names.add("<" + id + ">");
    var added = json.putArray("added_tokens");
    for (int id = 0; id < count; id++) {
      vocabulary.put(names.get(id), id);
      added.addObject().put("id", id).put("content", names.get(id)).put("special", false);
    }
    return json.toString();
  }
}
