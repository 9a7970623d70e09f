package dev.kindling.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.data.label.LabelKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledRecordTest {
  private static String text(LabelKind kind, String line) throws BadRecordException {
    CorpusSource.Fields fields = new CorpusSource.Fields("premise", "id", "", Example.Kind.CLASSIFICATION,
        new LabelFields("hypothesis", "gold", kind), CorpusSource.FieldSettings.USUAL);
    return JsonDocument.parse(line, fields, "in.jsonl@0").text();
  }

  private static String withLabel(String label) {
    return "{\"gold\": " + label + ", \"hypothesis\": \"b\", \"premise\": \"a\", \"more\": 1}";
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"CLASS | \"x\"", "CLASS | 0", "CLASS | 12345678901234567890",
      "CLASSES | [\"x\",\"y\"]",
      "CLASSES | [1]", "CLASSES | []", "NUMBER | 4.75", "NUMBER | -3"})
  void theFieldsThatAreNamedAreTakenAndNoOther(LabelKind kind, String label) throws BadRecordException {
    assertThat(text(kind, withLabel(label)))
        .isEqualTo("{\"text\":\"a\",\"pair\":\"b\",\"label\":" + label + "}");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "CLASS | null | is null; a text must have a label",
      "CLASS | 1.0 | is the number 1.0; with labelKind class it must be a text or a whole number from 0 on; numbers are labelKind number",
      "CLASS | -1 | is the number -1; with labelKind class it must be a text or a whole number from 0 on; numbers are labelKind number",
      "CLASS | [1] | is an array; with labelKind class it must be a text or a whole number from 0 on; lists of classes are labelKind classes",
      "CLASS | true | is the truth value true; with labelKind class it must be",
      "CLASS | \" \" | is blank; with labelKind class it must be",
      "CLASSES | \"x\" | is a string; with labelKind classes it must be a list; one class is labelKind class",
      "CLASSES | [1.5] | a class in the field 'gold' is the number 1.5; it must be a text or a whole number from 0 on",
      "NUMBER | \"1\" | is a string; with labelKind number it must be a number that float32 can hold; one class is labelKind class",
      "NUMBER | 1e39 | with labelKind number it must be a number that float32 can hold"})
  void aLabelOfAnotherKindIsRefusedWithWhatIsAllowed(LabelKind kind, String label, String said) {
    assertThatThrownBy(() -> text(kind, withLabel(label))).isInstanceOf(BadRecordException.class)
        .hasMessageContaining("the field 'gold' is ").hasMessageContaining(said);
  }

  @Test
  void aFieldThatIsMissingIsToldWithTheSettingThatNamesIt() {
    assertThatThrownBy(() -> text(LabelKind.CLASS, "{\"premise\": \"a\", \"hypothesis\": \"b\"}")).hasMessage(
        "the field 'gold' is missing (there are premise, hypothesis); a text must have a label; name the right field with labelField");
    assertThatThrownBy(() -> text(LabelKind.CLASS, "{\"premise\": \"a\", \"gold\": 1}"))
        .hasMessage(
            "the field 'hypothesis' is missing (there are premise, gold); it must be a string; name the right field with "
                + "pairField");
    assertThatThrownBy(() -> text(LabelKind.CLASS, "{\"hypothesis\": \"b\", \"gold\": 1}"))
        .hasMessageContaining("name the right field with textField");
  }
}
