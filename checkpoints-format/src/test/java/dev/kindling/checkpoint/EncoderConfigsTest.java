package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations of BERT's kin and of T5: what transformers wrote is the oracle, and what is known of public models. */
class EncoderConfigsTest {
  private static ObjectNode golden(String name) {
    return parse(TinyModel.resource("/golden/cases/" + name + "/config.json"));
  }

  private static ObjectNode parse(String json) {
    return Json.parse(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), "test");
  }

  private static BertConfig bert(ObjectNode json) {
    return (BertConfig) ModelConfig.parse(json, "test");
  }

  private static T5Config t5(ObjectNode json) {
    return (T5Config) ModelConfig.parse(json, "test");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert-mlm", "bert-classify", "bert-multilabel", "bert-regress", "bert-tokens",
      "distilbert-mlm", "roberta-mlm", "t5-v1.0", "t5-v1.1"})
  void whatTransformersWroteReadsAndComesBackTheSame(String name) {
    ModelConfig config = ModelConfig.parse(golden(name), name);
    assertThat(config.family()).isEqualTo(golden(name).get("model_type").asText());
    assertThat(ModelConfig.parse(config.toJson(), "written")).isEqualTo(config);
    for (String key : List.of("architectures", "model_type", "vocab_size", "problem_type", "id2label", "hidden_act",
        "activation", "pad_token_id", "eos_token_id", "feed_forward_proj", "is_gated_act", "scale_decoder_outputs",
        "decoder_start_token_id", "tie_word_embeddings")) {
      if (golden(name).has(key)) assertThat(config.toJson().get(key)).as(key).isEqualTo(golden(name).get(key));
    }
  }

  @Test
  void theTaskIsThatOfTheClassAndOfTheProblem() {
    assertThat(bert(golden("bert-mlm")).task()).isEqualTo(EncoderTask.MASKED_WORDS);
    assertThat(bert(golden("bert-classify")).task()).isEqualTo(EncoderTask.CLASSIFY);
    assertThat(bert(golden("bert-classify")).labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
    assertThat(bert(golden("bert-multilabel")).task()).isEqualTo(EncoderTask.CLASSIFY_MANY);
    assertThat(bert(golden("bert-regress")).task()).isEqualTo(EncoderTask.REGRESS);
    assertThat(bert(golden("bert-tokens")).task()).isEqualTo(EncoderTask.CLASSIFY_TOKENS);
    ObjectNode unsaid = golden("bert-classify");
    unsaid.remove("problem_type");
    assertThat(bert(unsaid).task()).isEqualTo(EncoderTask.CLASSIFY);
    unsaid.set("id2label", parse("{'0':'how good'}"));
    assertThat(bert(unsaid).task()).isEqualTo(EncoderTask.REGRESS);
    unsaid.remove("architectures");
    assertThat(bert(unsaid).task()).isEqualTo(EncoderTask.ENCODE);
    unsaid.putArray("architectures").add("BertForPreTraining");
    assertThat(bert(unsaid).task()).isEqualTo(EncoderTask.MASKED_WORDS);
    unsaid.remove("id2label");
    unsaid.putArray("architectures").add("BertForTokenClassification");
    assertThat(bert(unsaid.put("num_labels", 4)).labels()).hasSize(4);
  }

  @Test
  void robertasPositionsBeginBehindThePaddingToken() {
    BertConfig roberta = bert(parse("{'model_type':'roberta','architectures':['RobertaModel'],'vocab_size':50265,"
        + "'hidden_size':768,'num_hidden_layers':12,'num_attention_heads':12,'intermediate_size':3072,"
        + "'max_position_embeddings':514,'type_vocab_size':1,'pad_token_id':1}"));
    assertThat(roberta.firstPosition()).isEqualTo(2);
    assertThat(roberta.contextLength()).isEqualTo(512);
    assertThat(bert(golden("bert-mlm")).contextLength()).isEqualTo(40);
  }

  private static final String BERT = "{'model_type':'bert','vocab_size':30522,'hidden_size':768,'num_hidden_layers':12,"
      + "'num_attention_heads':12,'intermediate_size':3072,'max_position_embeddings':512,'type_vocab_size':2";
  private static final String T5_SMALL = "{'model_type':'t5','vocab_size':32128,'d_model':512,'d_kv':64,'d_ff':2048,"
      + "'num_layers':6,'num_heads':8,'n_positions':512";

  /** As their model cards and files tell: num_parameters() of transformers. */
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"109482240|" + BERT + ",'architectures':['BertModel']}",
      "109514298|" + BERT + ",'architectures':['BertForMaskedLM']}",
      "66985530|{'model_type':'distilbert','architectures':['DistilBertForMaskedLM'],'vocab_size':30522,'dim':768,"
          + "'n_layers':6,'n_heads':12,'hidden_dim':3072,'max_position_embeddings':512}",
      "60506624|" + T5_SMALL + "}",
      "76961152|{'model_type':'t5','vocab_size':32128,'d_model':512,'d_kv':64,'d_ff':1024,'num_layers':8,"
          + "'num_decoder_layers':8,'num_heads':6,'feed_forward_proj':'gated-gelu','tie_word_embeddings':false}"})
  void publicModelsHaveTheParametersThatTheyAreKnownToHave(long parameters, String json) {
    assertThat(ModelConfig.parse(parse(json), "c").parameters()).isEqualTo(parameters);
  }

  /** Before release 5 tie_word_embeddings said both things; since then scale_decoder_outputs says the one. */
  @Test
  void theHeadOfT5IsTiedAndScaledAsTheFileSaysInEitherRelease() {
    T5Config first = t5(parse(T5_SMALL + "}"));
    assertThat(first.tiedHead()).isTrue();
    assertThat(first.scaledHead()).isTrue();
    T5Config untied = t5(parse(T5_SMALL + ",'tie_word_embeddings':false,'feed_forward_proj':'gated-gelu'}"));
    assertThat(untied.tiedHead()).isFalse();
    assertThat(untied.scaledHead()).isFalse();
    T5Config newer = t5(golden("t5-v1.1"));
    assertThat(newer.tiedHead()).isTrue();
    assertThat(newer.scaledHead()).isFalse();
    TinyModel.InMemory file = TinyModel.none();
    assertThat(newer.found(file)).isEqualTo(newer);
    file.with(TensorSpec.float32("lm_head.weight", 101, 24), new float[101 * 24]);
    assertThat(newer.found(file).tiedHead()).as("a file with a head of its own").isFalse();
    assertThat(first.found(file)).as("version 1.0 repeats the embedding").isEqualTo(first);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"bert-mlm|'is_decoder':true|is_decoder is true; it must be false",
      "bert-mlm|'position_embedding_type':'relative_key'|position_embedding_type is \"relative_key\"; it must be absolute",
      "bert-mlm|'hidden_act':'mish'|hidden_act is \"mish\"; it must be gelu or",
      "bert-mlm|'num_attention_heads':5|hidden_size is 24; it must be a multiple of the number of heads, 5",
      "bert-mlm|'architectures':['BertForQuestionAnswering']|architectures is [\"BertForQuestionAnswering\"]; it must be a list "
          + "that begins with BertModel or BertForMaskedLM",
      "bert-classify|'id2label':{'0':'a','2':'b'}|id2label is {\"0\":\"a\",\"2\":\"b\"}; it must be a name for each label from 0 on",
      "bert-classify|'problem_type':'ranking'|problem_type is \"ranking\"; it must be single_label_classification or",
      "distilbert-mlm|'sinusoidal_pos_embds':true|sinusoidal_pos_embds is true; it must be false",
      "distilbert-mlm|'n_heads':0|n_heads is 0; it must be a whole number above 0",
      "roberta-mlm|'max_position_embeddings':2|max_position_embeddings is 2; it must be above 2",
      "t5-v1.0|'feed_forward_proj':'gated-mish'|feed_forward_proj is \"gated-mish\"; it must be relu or gated-gelu",
      "t5-v1.0|'relative_attention_num_buckets':7|relative_attention_num_buckets is 7; it must be an even number",
      "t5-v1.0|'relative_attention_max_distance':4|relative_attention_max_distance is 4; it must be above half of",
      "t5-v1.0|'is_encoder_decoder':false|is_encoder_decoder is false; it must be true",
      "t5-v1.0|'pad_token_id':101|pad_token_id is 101; it must be a token id"})
  void whatIsWrongIsToldWithItsKeyAndWhatIsAllowed(String name, String change, String message) {
    ObjectNode json = golden(name);
    json.setAll(parse("{" + change + "}"));
    assertThatThrownBy(() -> ModelConfig.parse(json, "a/config.json")).isInstanceOf(UserError.class)
        .hasMessageStartingWith("a/config.json: " + message);
  }
}
