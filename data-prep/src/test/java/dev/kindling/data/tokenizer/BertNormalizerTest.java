package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Accents as BERT's authors treat them (tokenizers#330, llama.cpp#24371): {@code strip_accents: null} follows {@code lowercase};
 * stripping is normal form D without its nonspacing marks, of every script.
 */
class BertNormalizerTest {
  /** A vocabulary of characters, so that ids spell what the normaliser made of a text. */
  private static final List<String> CHARACTERS = "MmGgIi\u00FC\u00F6\u00DF\u00DC\u00D6\u0130uolerUO \u304B\u304C\u3055\u3056\u3099\u110B\u1161\u11AB\uC548\u0307\u0308"
      .codePoints().mapToObj(Character::toString).toList();

  @ParameterizedTest
  @CsvSource({"true, null, M\u00FCller Gr\u00F6\u00DFe, muller gro\u00DFe",
      "false, null, M\u00FCller Gr\u00F6\u00DFe, M\u00FCller Gr\u00F6\u00DFe",
      "false, true, M\u00FCller Gr\u00F6\u00DFe, Muller Gro\u00DFe",
      "true, false, M\u00FCller Gr\u00F6\u00DFe, m\u00FCller gr\u00F6\u00DFe",
      "true, null, \u304C\u3056, \u304B\u3055", "true, null, \uC548, \u110B\u1161\u11AB", "true, null, \u0130, i"})
  void accentsGoWithLowercaseOrAsTheFileSays(boolean lowercase, String strip, String text, String expected) {
    String normalizer = "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":"
        + strip
        + ",\"lowercase\":" + lowercase + "}";
    String vocabulary = IntStream.range(0, CHARACTERS.size()).mapToObj(i -> "\"" + CHARACTERS.get(i) + "\":" + i)
        .collect(Collectors.joining(","));
    String json = "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":"
        + normalizer
        + ",\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,"
        + "\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"vocab\":{"
        + vocabulary
        + "},\"merges\":[]}}";
    try (HubTokenizer tokenizer = HubTokenizer.parse(json, "tokenizer.json", 512)) {
      String spelled = Arrays.stream(tokenizer.encode(text).ids()).mapToObj(CHARACTERS::get)
          .collect(Collectors.joining());
      assertThat(spelled).isEqualTo(expected);
    }
  }
}
