package dev.kindling.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.label.LabelKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaggedRecordTest {
  private static String text(String line) throws BadRecordException {
    CorpusSource.Fields fields = new CorpusSource.Fields("text", "id", "", Example.Kind.TOKEN_CLASSIFICATION,
        new LabelFields("", "label", LabelKind.CLASS, "words", "ner"), CorpusSource.FieldSettings.USUAL);
    return JsonDocument.parse(line, fields, "in.jsonl@0").text();
  }

  @Test
  void theTwoListsAreTakenFromTheFieldsThatAreNamedAndNoOther() throws BadRecordException {
    assertThat(text("{\"ner\": [\"O\", \"B-LOC\"], \"tags\": [1], \"words\": [\"in\", \"\"]}"))
        .isEqualTo("{\"tokens\":[\"in\",\"\"],\"tags\":[\"O\",\"B-LOC\"]}");
    assertThat(text("{\"words\": [\"in\"], \"ner\": [3]}")).isEqualTo("{\"tokens\":[\"in\"],\"tags\":[3]}");
    assertThat(text("{\"words\": [], \"ner\": []}")).isEqualTo("{\"tokens\":[],\"tags\":[]}");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "[\"a\", \"b\"] | [\"O\"] | the field 'words' has 2 words and the field 'ner' 1 labels; each word must have one",
      "[\"a\"] | [] | the field 'words' has 1 words and the field 'ner' 0 labels; each word must have one",
      "\"a b\" | [\"O\"] | the field 'words' is a string; it must be a list; name the right field with wordsField",
      "[\"a\"] | null | the field 'ner' is null; it must be a list; name the right field with tagsField",
      "[\"a\", 7] | [1, 2] | word 2 of the field 'words' is the number 7; it must be a string",
      "[\"a\"] | [-100] | label 1 of the field 'ner' is the number -100; it must be a text or a whole number from 0 on",
      "[\"a\"] | [\" \"] | label 1 of the field 'ner' is blank; it must be a text or a whole number from 0 on"})
  void listsThatAreNoWordsWithALabelEachAreRefusedWithWhatIsAllowed(String words, String tags, String said) {
    assertThatThrownBy(() -> text("{\"words\": " + words + ", \"ner\": " + tags + "}"))
        .isInstanceOf(BadRecordException.class).hasMessage(said);
  }

  @Test
  void aFieldThatIsMissingIsToldWithTheSettingThatNamesIt() {
    assertThatThrownBy(() -> text("{\"tokens\": [\"a\"], \"ner\": [1]}")).hasMessage(
        "the field 'words' is missing (there are tokens, ner); it must be a list; name the right field with wordsField");
    assertThatThrownBy(() -> new LabelFields("", "label", LabelKind.CLASS, "tokens", "tokens"))
        .isInstanceOf(UserError.class).hasMessageContaining(
            "tagsField is 'tokens'; it must be the name of another field than wordsField");
  }
}
