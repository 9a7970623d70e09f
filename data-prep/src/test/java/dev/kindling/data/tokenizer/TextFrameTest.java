package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextFrameTest {
  @ParameterizedTest
  @ValueSource(strings = {"bert_template", "bert_processing", "roberta", "llama", "gpt2"})
  void textsAndPairsHaveTheTokensAndTypesThatTransformersGivesThemAlsoWhereTheyAreCut(String name) throws IOException {
    LabelledTexts golden = LabelledTexts.read(name);
    Tokenizer tokenizer = Tokenizer.parse(golden.tokenizer().toString(), Tokenizer.FILE);
    TextFrame frame = TextFrame.of(tokenizer);
    int cut = 0;
    for (LabelledTexts.Case one : golden.cases()) {
      int[] first = tokenizer.encodeOrdinary(one.first());
      int[] second = one.second() == null ? null : tokenizer.encodeOrdinary(one.second());
      TextFrame.Framed framed = frame.of(first, second, one.longest());
      assertThat(framed.ids()).as("%s", one).isEqualTo(one.ids());
      int[] types = new int[framed.ids().length];
      for (int i = framed.second(); framed.second() > 0 && i < types.length; i++) types[i] = 1;
      assertThat(types).as("%s", one).isEqualTo(one.types());
      int all = first.length + (second == null ? 0 : second.length) + frame.added(second != null);
      assertThat(framed.cut()).isEqualTo(all > one.longest());
      if (framed.cut()) cut++;
    }
    assertThat(cut).isBetween(10, golden.cases().size() - 10);
  }

  @Test
  void whatIsPutAroundTextsAndIsNotUnderstoodIsRefused() throws IOException {
    ObjectNode file = (ObjectNode) LabelledTexts.read("bert_template").tokenizer();
    for (List<String> wrong : List.of(
        List.of("{\"type\": \"Other\"}", "post_processor is Other"),
        List.of("{\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 9999], \"cls\": [\"[CLS]\", 2]}",
            "special token is 9999"),
        List.of("{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], "
            + "\"pair\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], \"special_tokens\": {}}",
            "both texts, each once"),
        List.of(
            "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"[X]\", \"type_id\": 0}}, "
                + "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}}",
            "special token is -1"),
        List.of("{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 2}}], "
            + "\"pair\": [], \"special_tokens\": {}}", "token type is 2"))) {
      file.set("post_processor", new ObjectMapper().readTree(wrong.get(0)));
      Tokenizer tokenizer = Tokenizer.parse(file.toString(), Tokenizer.FILE);
      assertThatThrownBy(() -> TextFrame.of(tokenizer)).isInstanceOf(UserError.class)
          .hasMessageContaining(wrong.get(1));
    }
  }
}
