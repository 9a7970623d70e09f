package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** OpenAI's own vocabularies, which JTokkit's jar holds; JTokkit and Hugging Face's library say what their ids are. */
class TiktokenRanksTest {
  private static final Map<String, String> OPTIONS = Map.of("truncation", "false", "padding", "false");

  @Test
  void gpt4HasTheIdsOfJtokkitAndOfHuggingFaceWithTheWrittenFile() throws IOException {
    assertSameIds("cl100k_base", WordPattern.LLAMA3, EncodingType.CL100K_BASE);
  }

  @Test
  void gpt4oHasTheIdsOfJtokkitAndOfHuggingFaceWithTheWrittenFile() throws IOException {
    assertSameIds("o200k_base", WordPattern.O200K, EncodingType.O200K_BASE);
  }

  @Test
  void gpt2HasTheIdsOfJtokkitAndOfHuggingFaceWithTheWrittenFile() throws IOException {
    assertSameIds("r50k_base", WordPattern.GPT2, EncodingType.R50K_BASE);
  }

  /** [a, b, c, ab, bc, abc]: abc can be made of (a, bc) and (ab, c), but ab comes before bc, so the first never happens. */
  @Test
  void ofTheSplitsOfATokenTheOneThatCanHappenIsWritten() {
    Tokenizer tokenizer = TiktokenRanks.read(file("ab", "bc", "abc"), "r", WordPattern.GPT2, Map.of());
    assertThat(MergesByDefinition.written(tokenizer)).containsExactly("a b", "b c", "ab c");
    assertThat(tokenizer.encode("abc")).containsExactly(258);
    assertThat(tokenizer.encode("bcabc")).containsExactly(257, 258);
  }

  @Test
  void aFileWhoseRanksAreInNoOrderOfTrainingIsRefused() {
    // tiktoken merges (ab, c) as soon as there is an ab, though abc's rank is lower; of (x, ab) and (ab, c) it depends
    assertThatThrownBy(() -> TiktokenRanks.read(file("abc", "ab"), "r.tiktoken", WordPattern.GPT2, Map.of()))
        .isInstanceOf(UserError.class).hasMessageStartingWith("r.tiktoken").hasMessageContaining("higher rank");
  }

  @Test
  void damagedLinesAndTakenIdsAreNamed() {
    assertThatThrownBy(() -> TiktokenRanks.read("IQ== 0\nIg==\n", "r", WordPattern.GPT2, Map.of()))
        .isInstanceOf(UserError.class).hasMessageStartingWith("r:2").hasMessageContaining("base64");
    assertThatThrownBy(() -> TiktokenRanks.read("IQ== 0\nIg== 0\n", "r", WordPattern.GPT2, Map.of()))
        .isInstanceOf(UserError.class).hasMessageContaining("rank 0 comes twice");
    assertThatThrownBy(() -> TiktokenRanks.read("IQ== 0\n", "r", WordPattern.GPT2, Map.of()))
        .isInstanceOf(UserError.class).hasMessageContaining("no token for byte 0x00");
    assertThatThrownBy(() -> TiktokenRanks.read(file("ab"), "r", WordPattern.GPT2, Map.of("<|endoftext|>", 256)))
        .isInstanceOf(UserError.class).hasMessageContaining("<|endoftext|> is 256");
  }

  private static void assertSameIds(String name, WordPattern pattern, EncodingType type) throws IOException {
    Tokenizer ours = TiktokenRanks.read(resource(name), name, pattern, Map.of("<|endoftext|>", 1 << 18));
    Encoding jtokkit = Encodings.newLazyEncodingRegistry().getEncoding(type);
    try (HuggingFaceTokenizer huggingFace = HuggingFaceTokenizer
        .newInstance(new ByteArrayInputStream(ours.json().getBytes(StandardCharsets.UTF_8)), OPTIONS)) {
      for (String text : HuggingFaceAgreementTest.corpus().subList(0, 30)) {
        assertThat(ours.encode(text)).isEqualTo(jtokkit.encodeOrdinary(text).toArray())
            .isEqualTo(ids(huggingFace, text));
      }
      SplittableRandom random = new SplittableRandom(20);
      for (int i = 0; i < 4000; i++) {
        String text = i % 2 == 0 ? RandomText.ofClasses(random) : RandomText.letters(random, random.nextInt(200));
        int[] encoded = ours.encode(text);
        assertThat(encoded).as(text).isEqualTo(ids(huggingFace, text));
        assertThat(ours.decode(encoded)).isEqualTo(text);
      }
      for (int i = 0; i < 300; i++) {
        String text = RandomText.letters(random, random.nextInt(200));
        assertThat(ours.encode(text)).as(text).isEqualTo(jtokkit.encodeOrdinary(text).toArray());
      }
    }
  }

  private static int[] ids(HuggingFaceTokenizer tokenizer, String text) {
    return Arrays.stream(tokenizer.encode(text, false, false).getIds()).mapToInt(Math::toIntExact).toArray();
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Encodings.class.getResourceAsStream("/com/knuddels/jtokkit/" + name + ".tiktoken")) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  /** The bytes with ranks 0 to 255, then the tokens. */
  private static String file(String... tokens) {
    StringBuilder file = new StringBuilder();
    for (int b = 0; b < 256; b++) line(file, new byte[]{(byte) b}, b);
    for (int i = 0; i < tokens.length; i++) line(file, tokens[i].getBytes(StandardCharsets.UTF_8), 256 + i);
    return file.toString();
  }

  private static void line(StringBuilder file, byte[] token, int rank) {
    file.append(Base64.getEncoder().encodeToString(token)).append(' ').append(rank).append('\n');
  }
}
