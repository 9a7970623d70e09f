package dev.kindling.checkpoint.gguf;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.HalfFloat;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTest {
  @TempDir
  Path folder;

  private GgufReader export(Gpt2Config config, GgufType type) throws Exception {
    Path model = folder.resolve("a-model"), file = folder.resolve(type + ".gguf");
    TinyModel.write(model, config, 5);
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(model))) {
      GgufExport.write(CONF, opened, hadoop(file), type);
    }
    return GgufReader.open(CONF, hadoop(file));
  }

  /** Byte for byte what docs/gguf.md lays out. */
  @Test
  void aSmallFileIsLaidOutAsTheSpecificationSays() throws Exception {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("k", 7);
    metadata.put("s", List.of("a", "é"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    GgufWriter.write(out, metadata,
        List.of(new GgufWriter.Tensor("w", GgufType.F32, new long[]{2, 1}, (row, into) -> into[0] = row + 1)));
    String head = "47475546" + "03000000" + "0100000000000000" + "0200000000000000" //
        + "0100000000000000" + "6b" + "04000000" + "07000000" //
        + "0100000000000000" + "73" + "09000000" + "08000000" + "0200000000000000" + "0100000000000000" + "61"
        + "0200000000000000" + "c3a9" //
        + "0100000000000000" + "77" + "02000000" + "0100000000000000" + "0200000000000000" + "00000000"
        + "0000000000000000";
    int padding = (32 - head.length() / 2 % 32) % 32;
    assertThat(HexFormat.of().formatHex(out.toByteArray()))
        .isEqualTo(head + "00".repeat(padding) + "0000803f" + "00000040" + "00".repeat(24));
  }

  @Test
  void q8BlocksHoldTheLargestMagnitudeAs127() {
    float[] row = new float[64];
    for (int i = 0; i < 32; i++) row[i] = i - 12.5f;
    row[32] = -127;
    row[33] = 0.5f;
    row[34] = -1.5f;
    ByteBuffer out = ByteBuffer.allocate(68).order(ByteOrder.LITTLE_ENDIAN);
    GgufType.Q8_0.encode(row, out);
    assertThat(HalfFloat.fromFloat16(out.getShort(0)))
        .isEqualTo(HalfFloat.fromFloat16(HalfFloat.toFloat16(18.5f / 127)));
    assertThat(out.get(2 + 31)).isEqualTo((byte) 127);
    assertThat(out.getShort(34)).isEqualTo((short) 0x3c00);
    assertThat(new byte[]{out.get(36), out.get(37), out.get(38), out.get(39)}).containsExactly(-127, 1, -2, 0);   // halves away from 0
    float[] back = new float[64];
    GgufType.Q8_0.decode(out.flip(), back);
    for (int i = 0; i < 32; i++) assertThat(back[i]).isCloseTo(row[i], within(18.5f / 127 / 2 + 0.01f));
    GgufType.Q8_0.encode(new float[32], out.clear());
    assertThat(out.array()).startsWith(new byte[34]);
  }

  @Test
  void matricesAreTransposedAndTheRestIsNot() throws Exception {
    Gpt2Config config = new Gpt2Config(300, 7, 6, 2, 3, 10, 1e-5f, true, 0.02f, -1, List.of());
    var weights = TinyModel.random(config, 5);
    try (GgufReader file = export(config, GgufType.F32)) {
      float[] up = file.read("blk.1.ffn_up.weight"), fc = weights.read("transformer.h.1.mlp.c_fc.weight");
      for (int in = 0; in < 6; in++) {
        for (int out = 0; out < 10; out++) assertThat(up[out * 6 + in]).isEqualTo(fc[in * 10 + out]);
      }
      assertThat(file.read("position_embd.weight")).isEqualTo(weights.read("transformer.wpe.weight"));
      assertThat(file.read("output.weight")).isEqualTo(weights.read("transformer.wte.weight"));
      assertThat(file.read("blk.0.attn_qkv.bias")).isEqualTo(weights.read("transformer.h.0.attn.c_attn.bias"));
      assertThat(file.metadata()).containsEntry("gpt2.feed_forward_length", 10L)
          .containsEntry("general.architecture", "gpt2")
          .containsEntry("gpt2.attention.layer_norm_epsilon", (double) 1e-5f).containsEntry("general.name", "a-model");
    }
  }

  @Test
  void anUntiedHeadIsItsOwn() throws Exception {
    Gpt2Config config = Gpt2Config.of(300, 7, 6, 1, 3).withTiedHead(false);
    try (GgufReader file = export(config, GgufType.F32)) {
      assertThat(file.read("output.weight"))
          .isEqualTo(TinyModel.random(config.withEndOfText(0), 5).read("lm_head.weight"));
    }
  }

  @Test
  void onlyMatricesAreQuantizedAndRowsThatBlocksDoNotDivideBecomeF16() throws Exception {
    try (GgufReader file = export(new Gpt2Config(300, 7, 32, 1, 4, 40, 1e-5f, true, 0.02f, -1, List.of()),
        GgufType.Q8_0)) {
      for (GgufTensor t : file.tensors()) {
        String expected = t.shape().length == 1 || t.name().startsWith("position")
            ? "F32"
            : t.name().contains("ffn_down") ? "F16" : "Q8_0";
        assertThat(t.typeName()).as(t.name()).isEqualTo(expected);
      }
    }
  }

  /** REPORTS A11: merges are strings in old files and pairs in new ones. */
  @Test
  void bothFormsOfMergesGiveTheSameFile() {
    String pre = "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false}",
        vocab = "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2}";
    for (String merges : List.of("[\"a b\"]", "[[\"a\",\"b\"]]")) {
      var parsed = GgufVocabulary
          .parse("{" + pre + ",\"model\":{\"type\":\"BPE\"," + vocab + ",\"merges\":" + merges + "}}", 4, "t");
      assertThat(parsed.merges()).containsExactly("a b");
      assertThat(parsed.tokens()).containsExactly("a", "b", "ab", "[PAD3]");
      assertThat(parsed.kinds()).containsExactly(1, 1, 1, 5);
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"model\":{\"vocab\":{},\"merges\":[]}|none that llama.cpp knows",
      "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true},\"model\":{\"vocab\":{},\"merges\":[]}|none that llama.cpp knows",
      "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"vocab\":{\"a\":3},\"merges\":[]}|vocabulary ends at 2",
      "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"vocab\":{\"a\":1,\"b\":1},\"merges\":[]}|stands for two tokens",
      "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"vocab\":{},\"merges\":[[\"a \",\"b\"]]}|holds a space",
      "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"vocab\":{},\"merges\":[\"abc\"]}|is neither",
      "\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}|takes a BPE"})
  void aTokenizerThatLlamaCppWouldReadOtherwiseIsRefused(String json, String message) {
    assertThatThrownBy(() -> GgufVocabulary.parse("{" + json + "}", 3, "t/tokenizer.json"))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("t/tokenizer.json: ").hasMessageContaining(message);
  }

  @Test
  void gpt2sPatternMayStandInASequence() {
    String split = "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"'s|'t|'re|'ve|'m|'ll|'d| ?\\\\p{L}+| ?\\\\p{N}+| ?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|\\\\s+\"},"
        + "\"behavior\":\"Isolated\",\"invert\":false}",
        bytes = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}";
    String json = "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[" + split + "," + bytes
        + "]},\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}";
    assertThat(GgufVocabulary.parse(json, 1, "t").tokens()).containsExactly("a");
    assertThatThrownBy(() -> GgufVocabulary.parse(json.replace("'ll|", ""), 1, "t")).isInstanceOf(UserError.class);
  }

  @Test
  void aFolderWithoutTokenizerIsRefusedAndNothingIsWritten() throws Exception {
    Gpt2Config config = Gpt2Config.of(300, 7, 6, 1, 3);
    ModelFolderWriter.export(CONF, hadoop(folder.resolve("m")), config, TinyModel.random(config, 1), null,
        ElementType.F32);
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(folder.resolve("m")))) {
      assertThatThrownBy(() -> GgufExport.write(CONF, opened, hadoop(folder.resolve("m.gguf")), GgufType.F16))
          .isInstanceOf(UserError.class).hasMessageContaining("has no tokenizer.json");
    }
    assertThat(folder.resolve("m.gguf")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "\"hidden_act\":\"gelu\"|hidden_act is gelu; llama.cpp computes llama with silu only",
      "\"partial_rotary_factor\":0.5|partial_rotary_factor is 0.5",
      "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2,\"attention_factor\":1}|rope_scaling.attention_factor is 1.0",
      "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2,\"beta_fast\":16}|rope_scaling.beta_fast is 16.0",
      "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2,\"beta_slow\":2}|rope_scaling.beta_slow is 2.0",
      "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2,\"truncate\":false}|rope_scaling.truncate is false"})
  void aLlamaThatLlamaCppWouldComputeOtherwiseIsRefusedAndNothingIsWritten(String keys, String message)
      throws Exception {
    try (ModelFolder opened = llama(keys)) {
      assertThatThrownBy(() -> GgufExport.write(CONF, opened, hadoop(folder.resolve("m.gguf")), GgufType.F16))
          .isInstanceOf(UserError.class).hasMessageStartingWith(opened.path() + ": ").hasMessageContaining(message)
          .hasMessageContaining("export with hf");
    }
    assertThat(folder.resolve("m.gguf")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"hidden_act\":\"silu\",\"partial_rotary_factor\":1",
      "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2}",
      "\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2,\"attention_factor\":1.0693147,\"beta_fast\":32,\"beta_slow\":1,\"truncate\":true}"})
  void usualNumbersThatAreSpelledOutAreNoReasonToRefuseALlama(String keys) throws Exception {
    try (ModelFolder opened = llama(keys)) {
      GgufExport.write(CONF, opened, hadoop(folder.resolve("m.gguf")), GgufType.F16);
    }
    assertThat(folder.resolve("m.gguf")).exists();
  }

  /** A folder of a tiny Llama whose {@code config.json} has these keys too. */
  private ModelFolder llama(String keys) throws Exception {
    Path model = folder.resolve("llama");
    LlamaConfig tiny = LlamaConfig.of(LlamaFamily.LLAMA, 300, 16, 16, 1, 2, 1, 24).withEndOfText(0);
    ModelFolderWriter.export(CONF, hadoop(model), tiny, TinyModel.random(tiny, 5), TinyModel.tokenizerJson(),
        ElementType.F32);
    Path config = model.resolve("config.json");
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(Files.readString(config));
    json.setAll((ObjectNode) new ObjectMapper().readTree("{" + keys + "}"));
    Files.writeString(config, json.toString());
    return ModelFolder.open(CONF, hadoop(model));
  }

  @Test
  void onlyAnOlderGgufFileIsReplaced() throws Exception {
    Gpt2Config config = Gpt2Config.of(300, 7, 6, 1, 3);
    export(config, GgufType.F32).close();
    Path precious = Files.writeString(folder.resolve("thesis.tex"), "years of work"),
        inside = Files.createDirectory(folder.resolve("models"));
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(folder.resolve("a-model")))) {
      assertThatThrownBy(() -> GgufExport.write(CONF, opened, hadoop(precious), GgufType.F16))
          .isInstanceOf(UserError.class).hasMessageContaining("thesis.tex is there and is no GGUF file");
      assertThatThrownBy(() -> GgufExport.write(CONF, opened, hadoop(inside), GgufType.F16))
          .isInstanceOf(UserError.class).hasMessageContaining("is a folder; a file is needed");
      long before = Files.size(folder.resolve("F32.gguf"));
      GgufExport.write(CONF, opened, hadoop(folder.resolve("F32.gguf")), GgufType.F16);
      assertThat(Files.size(folder.resolve("F32.gguf"))).isLessThan(before);
    }
    assertThat(precious).hasContent("years of work");
    assertThat(inside).isEmptyDirectory();
  }

  @Test
  void truncatedAndForeignFilesAreToldByName() throws Exception {
    export(Gpt2Config.of(300, 7, 6, 1, 3), GgufType.F32).close();
    byte[] whole = Files.readAllBytes(folder.resolve("F32.gguf"));
    Path cut = folder.resolve("cut.gguf");
    for (int length : new int[]{0, 3, 8, 23, 24, 100, 3000, whole.length - 33}) {
      Files.write(cut, java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> GgufReader.open(CONF, hadoop(cut))).isInstanceOf(UserError.class)
          .hasMessageContaining("cut.gguf");
    }
    whole[4] = 1;
    Files.write(cut, whole);
    assertThatThrownBy(() -> GgufReader.open(CONF, hadoop(cut))).isInstanceOf(UserError.class)
        .hasMessageContaining("version 1; 2 and 3 are read");
  }
}
