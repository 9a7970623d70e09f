package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;

/** The {@code tokenizer_config.json} that stands beside {@code tokenizer.json} for Hugging Face Transformers. */
public final class TokenizerConfig {
  public static final String FILE = "tokenizer_config.json";

  private TokenizerConfig() {
  }

  /** Decoding changes nothing (no clean-up of spaces); the end of a text is also the beginning and the unknown. */
  public static String json() {
    return new ObjectMapper().createObjectNode().put("add_prefix_space", false).put("bos_token", Tokenizer.END_OF_TEXT)
        .put("clean_up_tokenization_spaces", false).put("eos_token", Tokenizer.END_OF_TEXT)
        .put("tokenizer_class", "PreTrainedTokenizerFast").put("unk_token", Tokenizer.END_OF_TEXT).toPrettyString()
        + "\n";
  }
}
