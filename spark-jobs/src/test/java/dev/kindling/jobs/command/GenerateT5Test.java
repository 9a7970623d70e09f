package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The verb with T5s that transformers saved: its greedy tokens are the oracle. */
class GenerateT5Test {
  private static final int TIME = 30, VOCABULARY = 101;

  @TempDir
  Path folder;

  private String prompt(String name) {
    return GoldenTexts.text(GoldenTexts.ids(name, "input.input_ids"), 0, TIME);
  }

  private String generate(String name, String... more) throws IOException {
    Path model = folder.resolve(name);
    if (!Files.exists(model)) GoldenTexts.copy(name, model, VOCABULARY);
    String[] all = Arrays.copyOf(new String[]{"generate", "--model", model.toString()}, 3 + more.length);
    System.arraycopy(more, 0, all, 3, more.length);
    return Ended.well(all);
  }

  @ParameterizedTest
  @ValueSource(strings = {"t5-v1.0", "t5-v1.1"})
  void theLikeliestTextIsTransformers(String name) throws IOException {
    int[] greedy = GoldenTexts.ids(name, "output.greedy");           // behind the token that the decoder starts with
    assertThat(generate(name, "--prompt", prompt(name), "--tokens", "12", "--set", "temperature=0"))
        .isEqualTo(GoldenTexts.text(greedy, 1, 13) + System.lineSeparator());
  }

  @Test
  void anEndTokenOfTheFoldersGenerationConfigEndsTheText() throws IOException {
    String all = generate("t5-v1.0", "--prompt", prompt("t5-v1.0"), "--tokens", "12", "--set", "temperature=0");
    assertThat(all).startsWith("w96 w96 w96 w96 w96 w40");
    Files.writeString(folder.resolve("t5-v1.0/generation_config.json"), "{\"eos_token_id\": [7, 40]}");
    assertThat(generate("t5-v1.0", "--prompt", prompt("t5-v1.0"), "--tokens", "12", "--set", "temperature=0"))
        .isEqualToIgnoringNewLines("w96 w96 w96 w96 w96");
  }

  @Test
  void textsAreDrawnWithTheSeedAndTheTemperatureThatAreSet() throws IOException {
    String[] two = {"--prompt", "w5 w6", "--prompt", "w7", "--tokens", "8", "--set", "samples=2", "--set",
        "temperature=1", "--set", "seed=3"};
    String drawn = generate("t5-v1.1", two);
    assertThat(drawn.split("\\R")).hasSize(6);                         // a line a text, one between those of a prompt
    assertThat(drawn.lines().filter(line -> !line.isEmpty()).distinct()).hasSize(4);
    assertThat(generate("t5-v1.1", two)).isEqualTo(drawn);
    two[two.length - 1] = "seed=4";
    assertThat(generate("t5-v1.1", two)).isNotEqualTo(drawn);
    assertThat(generate("t5-v1.1", "--prompt", "w5 w6", "--tokens", "8", "--set", "topP=1e-9"))
        .isEqualTo(generate("t5-v1.1", "--prompt", "w5 w6", "--tokens", "8", "--set", "temperature=0"));
  }

  @Test
  void whatCannotBeWrittenIsToldInOneLine() throws IOException {
    Path model = folder.resolve("model");
    GoldenTexts.copy("t5-v1.0", model, VOCABULARY + 1);
    assertThat(Ended.refused("generate", "--model", model.toString())).contains("a prompt is empty; a t5 reads a text");
    assertThat(Ended.refused("generate", "--model", model.toString(), "--prompt", " ")).contains("the input is empty");
    assertThat(Ended.refused("generate", "--model", model.toString(), "--prompt", "w5 w101"))
        .contains("token 101", "vocabulary of 101");
    assertThat(Ended.refused("generate", "--model", model.toString(), "--prompt", "w5", "--tokens", "0"))
        .contains("--tokens", "0; it must be 1 or more");
    assertThat(Ended.refused("generate", "--model", model.toString(), "--prompt", "w5", "--tokens", "100000000"))
        .contains("--tokens", "100000000; it must be at most 16384 where a t5 writes");
    Files.delete(model.resolve("tokenizer.json"));
    assertThat(Ended.refused("generate", "--model", model.toString(), "--prompt", "w5"))
        .contains("has no tokenizer.json");
  }
}
