package dev.kindling.train.generate;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import de.kherud.llama.args.Sampler;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A GGUF file in llama.cpp: one thread, float32 keys and values (half precision would decide between near logits), no flash
 * attention, nothing but the largest logit picked.
 */
final class LlamaCpp implements AutoCloseable {
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  private final LlamaModel model;

  private LlamaCpp(LlamaModel model) {
    this.model = model;
  }

  static LlamaCpp open(Path gguf, int context) {
    return new LlamaCpp(new LlamaModel(
        new ModelParameters().setModel(gguf.toString()).setCtxSize(context).setThreads(1).setThreadsBatch(1)
            .setCacheTypeK(CacheType.F32).setCacheTypeV(CacheType.F32).setGpuLayers(0).setParallel(1)
            .disableContextShift().skipWarmup()));
  }

  int[] encode(String text) {
    return model.encode(text);
  }

  /** What follows the ids, of a model whose tokenizer is {@link #namesOfIds}. @return fewer than asked for where a text ends */
  int[] continued(int[] ids, int newTokens) {
    String prompt = Arrays.stream(ids).mapToObj(id -> "<" + id + ">").collect(Collectors.joining());
    InferenceParameters greedy = new InferenceParameters(prompt).setNPredict(newTokens).setTemperature(0)
        .setRepeatPenalty(1).setSamplers(Sampler.TEMPERATURE).setCachePrompt(false);
    StringBuilder text = new StringBuilder();
    for (LlamaOutput piece : model.generate(greedy)) text.append(piece.text);
    return NUMBER.matcher(text).results().mapToInt(found -> Integer.parseInt(found.group())).toArray();
  }

  /**
   * A tokenizer whose token n reads {@code <n>}: the binding takes and gives text only, and with this one text is ids. They
   * are added tokens, which are matched before anything else.
   */
  static String namesOfIds(int count) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", false);
    ObjectNode bpe = json.putObject("model").put("type", "BPE");
    ObjectNode vocabulary = bpe.putObject("vocab");
    bpe.putArray("merges");
    ArrayNode added = json.putArray("added_tokens");
    for (int id = 0; id < count; id++) {
      String name = "<" + id + ">";
      vocabulary.put(name, id);
      added.addObject().put("id", id).put("content", name).put("special", false);
    }
    return json.toString();
  }

  @Override
  public void close() {
    model.close();
  }
}
