package dev.kindling.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Who reads which {@code model_type}. */
final class ModelFamilies {
  private static final Map<String, Function<ConfigKeys, ModelConfig>> READERS = new LinkedHashMap<>();

  static {
    READERS.put("gpt2", Gpt2Config::parse);
    for (LlamaFamily kind : LlamaFamily.values()) READERS.put(kind.modelType(), keys -> LlamaKeys.read(kind, keys));
    READERS.put("gpt_neox", GptNeoxConfig::parse);
    READERS.put("bloom", BloomConfig::parse);
    for (BertFamily kind : BertFamily.values()) READERS.put(kind.modelType(), keys -> BertJson.parse(keys, kind));
    READERS.put("t5", T5Config::parse);
  }

  private ModelFamilies() {
  }

  /** @throws UserError naming file, key, what was found, what is allowed */
  static ModelConfig parse(ConfigKeys keys) {
    String family = keys.oneOf("model_type", null, READERS.keySet().toArray(new String[0]));
    try {
      return READERS.get(family).apply(keys);
    } catch (UserError e) {
      throw e.getMessage().startsWith(keys.where()) ? e : new UserError(keys.where() + ": " + e.getMessage(), e);
    }
  }
}
