package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;

/** The {@code tokenizer_config.json} that stands beside {@code tokenizer.json} for Hugging Face Transformers. */
public final class TokenizerConfig {
  public static final String FILE = "tokenizer_config.json";

  private TokenizerConfig() {
  }

  public static String of(Tokenizer tokenizer) {
    if (tokenizer instanceof WordPieceTokenizer) return bert();
    return tokenizer instanceof ByteLevelTokenizer bytes ? endOfText(bytes.prefixesSpace()) : t5();
  }

  /** Decoding changes nothing (no clean-up of spaces); the end of a text is also the beginning and the unknown. */
  private static String endOfText(boolean prefixSpace) {
    return new ObjectMapper().createObjectNode().put("add_prefix_space", prefixSpace)
        .put("bos_token", Tokenizer.END_OF_TEXT)
        .put("clean_up_tokenization_spaces", false).put("eos_token", Tokenizer.END_OF_TEXT)
        .put("tokenizer_class", "PreTrainedTokenizerFast").put("unk_token", Tokenizer.END_OF_TEXT).toPrettyString()
        + "\n";
  }

  private static String t5() {
    return new ObjectMapper().createObjectNode().put("clean_up_tokenization_spaces", false).put("eos_token", "</s>")
        .put("pad_token", "<pad>").put("tokenizer_class", "PreTrainedTokenizerFast").put("unk_token", "<unk>")
        .toPrettyString() + "\n";
  }

  private static String bert() {
    return new ObjectMapper().createObjectNode().put("clean_up_tokenization_spaces", false).put("cls_token", "[CLS]")
        .put("mask_token", "[MASK]").put("pad_token", "[PAD]").put("sep_token", "[SEP]")
        .put("tokenizer_class", "PreTrainedTokenizerFast").put("unk_token", "[UNK]").toPrettyString() + "\n";
  }
}
