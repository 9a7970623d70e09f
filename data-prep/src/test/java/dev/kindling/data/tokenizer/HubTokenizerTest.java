package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers that are no byte-level ones: BERT's WordPiece, here with a vocabulary of a few words. */
class HubTokenizerTest {
  private static final int CLS = 1, SEP = 2, FIRE = 4, WOOD = 5, S = 6;
  private static final String WORDPIECE = """
      {"version": "1.0",
       "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
       "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
         "pad_to_multiple_of": null},
       "added_tokens": [
         {"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
         {"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
         {"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
         {"id": 3, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
       "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
         "lowercase": true},
       "pre_tokenizer": {"type": "BertPreTokenizer"},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
           {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
           "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
       "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 100,
         "vocab": {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "fire": 4, "##wood": 5, "##s": 6}}}
      """;

  private static HubTokenizer.Encoded encode(String text, int longest) {
    try (HubTokenizer tokenizer = HubTokenizer.parse(WORDPIECE, "tokenizer.json", longest)) {
      return tokenizer.encode(text);
    }
  }

  @Test
  void aTextIsWholeBetweenItsSpecialTokensWhateverTheFileSaysOfTruncationAndPadding() {
    HubTokenizer.Encoded encoded = encode("Firewoods fire", 512);
    assertThat(encoded.ids()).containsExactly(CLS, FIRE, WOOD, S, FIRE, SEP);
    assertThat(encoded.cut()).isFalse();
  }

  @Test
  void aTextThatIsTooLongIsCutBeforeTheTokenThatEndsIt() {
    assertThat(encode("Firewoods fire", 6).cut()).isFalse();
    HubTokenizer.Encoded encoded = encode("Firewoods fire", 4);
    assertThat(encoded.ids()).containsExactly(CLS, FIRE, WOOD, SEP);
    assertThat(encoded.cut()).isTrue();
  }

  @Test
  void noTextIsItsSpecialTokens() {
    assertThat(encode("", 512).ids()).containsExactly(CLS, SEP);
  }

  /** Transformers is the oracle; the same texts and pairs as of {@link TextFrameTest}. */
  @ParameterizedTest
  @ValueSource(strings = {"bert_template", "bert_processing", "roberta", "llama", "gpt2"})
  void textsAndPairsHaveTheTokensAndTypesThatTransformersGivesThem(String name) throws IOException {
    LabelledTexts golden = LabelledTexts.read(name);
    int cut = 0;
    for (LabelledTexts.Case one : golden.cases()) {
      try (HubTokenizer tokenizer = HubTokenizer.parse(golden.tokenizer().toString(), name, one.longest())) {
        HubTokenizer.Encoded encoded = one.second() == null
            ? tokenizer.encode(one.first())
            : tokenizer.encode(one.first(), one.second());
        assertThat(encoded.ids()).as("%s", one).isEqualTo(one.ids());
        if (!name.equals("gpt2")) assertThat(encoded.types()).as("%s", one).isEqualTo(one.types());
        if (encoded.cut()) cut++;
      }
    }
    assertThat(cut).isBetween(10, golden.cases().size() - 10);
  }

  /** In characters as Unicode counts them, of which Java has two for the flame. */
  @Test
  void aTokenIsFoundAgainInItsText() {
    assertThat(encode("\uD83D\uDD25  Firewoods \u00E9", 512).pieces()).containsExactly(null,
        new HubTokenizer.Piece("[UNK]", 0, 1), new HubTokenizer.Piece("fire", 3, 7),
        new HubTokenizer.Piece("##wood", 7, 11), new HubTokenizer.Piece("##s", 11, 12),
        new HubTokenizer.Piece("[UNK]", 13, 14), null);
  }

  @Test
  void idsAreReadAsTextAndThoseThatAreNoTokensSayNothing() {
    try (HubTokenizer tokenizer = HubTokenizer.parse(WORDPIECE, "tokenizer.json", 8)) {
      assertThat(tokenizer.decode(new int[]{CLS, FIRE, WOOD, S, 99, FIRE})).isEqualTo("[CLS] firewoods fire");
    }
  }

  @Test
  void aFileThatIsNoTokenizerIsTold() {
    for (String json : List.of("", "{}", "{\"model\": {\"type\": \"Sorcery\"}}"))
      assertThatThrownBy(() -> HubTokenizer.parse(json, "folder/tokenizer.json", 8)).isInstanceOf(UserError.class)
          .hasMessageStartingWith("folder/tokenizer.json is no tokenizer")
          .hasMessageContaining("take the tokenizer.json")
          .message().doesNotContain("variant", "enum", "EOF");
    assertThat(HubTokenizer.notRead("tokenizer.json", new IllegalStateException("no such merge: a b\nat tokenizers")))
        .hasMessageContaining("reads: no such merge: a b; take");
  }

  @Test
  void aLibraryThatIsNotLoadedIsNoFaultOfTheFile() {
    RuntimeException failed = new EngineException("Failed to load Huggingface native library.",
        new IllegalStateException("Failed to create cache", new AccessDeniedException("/home/ann/.djl.ai\nno")));
    assertThat(HubTokenizer.notLoaded("tokenizer.json", failed)).message().contains("cannot be loaded",
        "AccessDeniedException: /home/ann/.djl.ai; its cache folder", "DJL_CACHE_DIR")
        .doesNotContain("is no tokenizer");
  }
}
