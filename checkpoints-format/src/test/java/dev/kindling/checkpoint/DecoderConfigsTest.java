package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations of decoders: what transformers wrote is the oracle, and what is known of public models. */
class DecoderConfigsTest {
  private static ObjectNode golden(String name) {
    Path file = TinyModel.golden(name, "config.json");
    return Json.parse(Storage.readSmall(Storage.of(TinyModel.CONF, file), file, 1 << 20), name);
  }

  private static ObjectNode parse(String json) {
    return Json.parse(json.getBytes(StandardCharsets.UTF_8), "test");
  }

  private static LlamaConfig llama(String json) {
    return (LlamaConfig) ModelConfig.parse(parse(json), "test");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bloom-alibi", "gemma2", "gpt-neox", "llama-bias", "llama-gqa", "llama-mha-tied",
      "llama-rope-dynamic", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "mistral-window", "mixtral",
      "phi3", "qwen2", "qwen3"})
  void whatTransformersWroteReadsAndComesBackTheSame(String name) {
    DecoderConfig config = (DecoderConfig) ModelConfig.parse(golden(name), name);
    assertThat(config.family()).isEqualTo(golden(name).get("model_type").asText());
    assertThat(config.vocabularySize()).isEqualTo(101);
    assertThat(config.width()).isEqualTo(24);
    assertThat(config.layers()).isEqualTo(2);
    assertThat(ModelConfig.parse(config.toJson(), "written")).isEqualTo(config);
    assertThat(config.toJson().get("architectures")).isEqualTo(golden(name).get("architectures"));
  }

  @Test
  void theVariationsAreRead() {
    LlamaConfig gemma = (LlamaConfig) ModelConfig.parse(golden("gemma2"), "c");
    assertThat(gemma.attention()).isEqualTo(new HeadShape(6, 2, 8, false, false, List.of(4, 0), 8, 50));
    assertThat(gemma.logitSoftcap()).isEqualTo(30);
    assertThat(gemma.tiedHead()).isTrue();
    LlamaConfig mistral = (LlamaConfig) ModelConfig.parse(golden("mistral-window"), "c");
    assertThat(mistral.attention().windows()).containsExactly(4, 4);
    LlamaConfig mixtral = (LlamaConfig) ModelConfig.parse(golden("mixtral"), "c");
    assertThat(mixtral.experts()).isEqualTo(new Experts(4, 2, 0.02f, 0, true));
    LlamaConfig dynamic = (LlamaConfig) ModelConfig.parse(golden("llama-rope-dynamic"), "c");
    assertThat(dynamic.contextLength()).isEqualTo(64);
    LlamaConfig yarn = (LlamaConfig) ModelConfig.parse(golden("llama-rope-yarn"), "c");
    assertThat(yarn.rope().scaling())
        .isEqualTo(new RopeScaling.Yarn(4, 0.1 * Math.log(4) + 1, 32, 1, 32, true));
  }

  /** As their model cards and files tell. */
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "8030261248|{'model_type':'llama','vocab_size':128256,'hidden_size':4096,'intermediate_size':14336,'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':8,'max_position_embeddings':131072}",
      "7241732096|{'model_type':'mistral','vocab_size':32000,'hidden_size':4096,'intermediate_size':14336,'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':8,'max_position_embeddings':32768}",
      "7615616512|{'model_type':'qwen2','vocab_size':152064,'hidden_size':3584,'intermediate_size':18944,'num_hidden_layers':28,'num_attention_heads':28,'num_key_value_heads':4,'max_position_embeddings':131072}",
      "596049920|{'model_type':'qwen3','vocab_size':151936,'hidden_size':1024,'intermediate_size':3072,'num_hidden_layers':28,'num_attention_heads':16,'num_key_value_heads':8,'head_dim':128,'max_position_embeddings':40960,'tie_word_embeddings':true}",
      "3821079552|{'model_type':'phi3','vocab_size':32064,'hidden_size':3072,'intermediate_size':8192,'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':32,'max_position_embeddings':4096}",
      "2614341888|{'model_type':'gemma2','vocab_size':256000,'hidden_size':2304,'intermediate_size':9216,'num_hidden_layers':26,'num_attention_heads':8,'num_key_value_heads':4,'head_dim':256,'max_position_embeddings':8192}",
      "46702792704|{'model_type':'mixtral','vocab_size':32000,'hidden_size':4096,'intermediate_size':14336,'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':8,'max_position_embeddings':32768}",
      "162322944|{'model_type':'gpt_neox','vocab_size':50304,'hidden_size':768,'intermediate_size':3072,'num_hidden_layers':12,'num_attention_heads':12,'max_position_embeddings':2048}",
      "559214592|{'model_type':'bloom','vocab_size':250880,'n_embed':1024,'n_layer':24,'num_attention_heads':16}"})
  void publicModelsHaveTheParametersThatTheyAreKnownToHave(long parameters, String json) {
    assertThat(ModelConfig.parse(parse(json.replace('\'', '"')), "c").parameters()).isEqualTo(parameters);
  }

  private static final String LLAMA = "{\"model_type\":\"llama\",\"vocab_size\":9,\"hidden_size\":64,"
      + "\"intermediate_size\":96,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":4,"
      + "\"max_position_embeddings\":64";

  /** REPORTS C09. */
  @ParameterizedTest
  @ValueSource(strings = {
      ",\"rope_theta\":500000.0,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}}",
      ",\"rope_theta\":500000.0,\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2}}",
      ",\"rope_theta\":500000,\"rope_scaling\":{\"type\":\"linear\",\"rope_type\":\"linear\",\"factor\":2.0}}",
      ",\"rope_theta\":500000.0,\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":2.0}}",
      ",\"rope_scaling\":null,\"rope_parameters\":{\"rope_theta\":500000.0,\"rope_type\":\"linear\",\"factor\":2.0}}",
      ",\"rope_theta\":7,\"rope_parameters\":{\"rope_theta\":500000.0,\"type\":\"linear\",\"factor\":2.0}}"})
  void everySpellingOfRotaryPositionsReadsTheSame(String rope) {
    assertThat(llama(LLAMA + rope).rope()).isEqualTo(new Rope(500_000, 1, 64, new RopeScaling.Linear(2)));
  }

  /** REPORTS C09: queries 128 × 64, the projection out 64 × 128. */
  @Test
  void aHeadWidthThatIsThereWinsAndElseItIsWidthOverHeads() {
    LlamaConfig wide = llama(LLAMA + ",\"head_dim\":32}");
    assertThat(wide.headWidth()).isEqualTo(32);
    assertThat(wide.attention().scalar()).isEqualTo(32);
    assertThat(wide.tensors()).contains(TensorSpec.float32("model.layers.0.self_attn.q_proj.weight", 128, 64),
        TensorSpec.float32("model.layers.1.self_attn.o_proj.weight", 64, 128));
    assertThat(llama(LLAMA + ",\"head_dim\":null}").headWidth()).isEqualTo(16);
    assertThat(llama(LLAMA + "}").headWidth()).isEqualTo(16);
    assertThat(llama(LLAMA + "}").rope()).isEqualTo(Rope.of(64));
  }

  @Test
  void aNullOrMissingNumberOfKeyHeadsIsThatOfTheQueries() {
    String bare = LLAMA.replace("\"num_key_value_heads\":4,", "");
    assertThat(llama(bare + "}").keyValueHeads()).isEqualTo(4);
    assertThat(llama(bare + ",\"num_key_value_heads\":null}").keyValueHeads()).isEqualTo(4);
    assertThat(llama(bare + ",\"num_key_value_heads\":2}").keyValueHeads()).isEqualTo(2);
  }

  /** Qwen's files say from which layer on the window holds, newer ones which layer is of which type. */
  @Test
  void windowsOfQwenHoldInTheLayersThatItsFileNames() {
    String qwen = LLAMA.replace("llama", "qwen2") + ",\"sliding_window\":8";
    assertThat(llama(qwen + "}").attention().windows()).containsExactly(0, 0);
    assertThat(llama(qwen + ",\"use_sliding_window\":true,\"max_window_layers\":1}").attention().windows())
        .containsExactly(0, 8);
    assertThat(llama(qwen + ",\"use_sliding_window\":true,\"layer_types\":[\"sliding_attention\",\"full_attention\"]}")
        .attention().windows()).containsExactly(8, 0);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "llama|,'num_key_value_heads':3|num_key_value_heads is 3; it must be a divisor of num_attention_heads, 4",
      "llama|,'num_attention_heads':5|hidden_size is 64; it must be a multiple of num_attention_heads, 5",
      "llama|,'head_dim':7|partial_rotary_factor is 1.0; it must be a share that makes an even number",
      "llama|,'hidden_act':'swiglu'|hidden_act is \"swiglu\"; it must be gelu",
      "llama|,'rope_scaling':{'type':'mrope'}|rope_scaling.type is \"mrope\"; it must be default or linear or dynamic or yarn or llama3 or longrope",
      "llama|,'rope_scaling':{'type':'linear'}|rope_scaling.factor is missing; it must be a number",
      "llama|,'rope_scaling':{'type':'linear','factor':0.5}|rope_scaling.factor is 0.5; it must be a number from 1 on",
      "llama|,'rope_scaling':7|rope_scaling is 7; it must be an object, or null",
      "llama|,'rope_scaling':{'rope_type':'longrope','short_factor':[1,1],'long_factor':[1,1]}|rope_scaling.short_factor is 2 numbers; it must be 8",
      "llama|,'num_hidden_layers':2000000000|num_hidden_layers is 2000000000; it must be between 1 and 10000",
      "gemma2|,'use_bidirectional_attention':true|use_bidirectional_attention is true; it must be false",
      "qwen2|,'layer_types':['chunked_attention']|layer_types is [\"chunked_attention\"]; it must be a list of full_attention or sliding_attention",
      "mixtral|,'num_experts_per_tok':9|num_experts_per_tok is 9; it must be between 1 and num_local_experts, 8",
      "mixtral|,'router_jitter_noise':0.1|router_jitter_noise is 0.1; it must be 0",
      "bloom|,'n_layer':1,'apply_residual_connection_post_layernorm':true|apply_residual_connection_post_layernorm is true; it must be false",
      "gpt_neox|,'rotary_pct':0.1|partial_rotary_factor is 0.1; it must be a share that makes an even number",
      "opt||model_type is \"opt\"; it must be gpt2"})
  void whatIsWrongIsToldWithItsKeyAndWhatIsAllowed(String family, String more, String message) {
    ObjectNode json = parse(LLAMA.replace("llama", family) + "}");
    if (more != null) json.setAll(parse("{" + more.replace('\'', '"').substring(1) + "}"));
    assertThatThrownBy(() -> ModelConfig.parse(json, "a/config.json")).isInstanceOf(UserError.class)
        .hasMessageStartingWith("a/config.json: " + message);
  }
}
