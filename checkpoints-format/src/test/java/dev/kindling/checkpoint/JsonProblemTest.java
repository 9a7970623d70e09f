package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonProblemTest {
  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "{ cut | a key in double quotation marks, or }, is expected, not c (line 1, column 3)",
      "{\"a\": 1, | it ends too early", "[1, | it ends too early", "{\"a\": \"b | it ends too early",
      "{\"a\": 1 \"b\": 2} | a comma or a closing bracket is expected, not \"",
      "{\"a\" 1} | a colon is expected behind a key, not 1",
      "{\"a\": } | a value is expected, not }", "{\"a\": 1, \"a\": 2} | the key a is there twice",
      "{\"a\": 1]} | ] stands where another bracket is open",
      "{\"a\": yes} | yes is no value: texts stand in double quotation marks",
      "{\"a\": 'b'} | a value is expected, not '", "{\"a\": 01} | a number is not written as one",
      "{\"a\": 1.} | a number is not written as one",
      "{\"a\": +1} | a number is not written as one", "{\"a\": NaN} | NaN is no value of JSON's",
      "{\"a\": \"\\q\"} | a backslash stands before",
      "{\"a\": \"\\u12\"} | \\u is not followed by four hexadecimal digits",
      "{} [] | something follows behind its end"})
  void whatIsWrongIsToldInAUsersWords(String json, String told) {
    UserError refused = catchThrowableOfType(UserError.class,
        () -> Json.parse(json.getBytes(StandardCharsets.UTF_8), "a.json"));
    assertThat(refused).hasMessageStartingWith("a.json is not valid JSON: " + told)
        .hasMessageContaining("line 1, column ");
    assertThat(refused.getMessage()).doesNotContain("Source", "Stream", "token", "Object", "code ", "Unexpected");
  }

  @Test
  void bytesThatAreNoTextAndNestingWithoutEndAreToldToo() {
    assertThatThrownBy(() -> Json.parse(new byte[]{'{', '\n', '"', (byte) 0xff, '"'}, "a.json"))
        .hasMessageContaining("it is not UTF-8: there is a byte 0xff").hasMessageContaining("(line 2, column ");
    assertThatThrownBy(() -> Json.parse("[".repeat(200).getBytes(StandardCharsets.UTF_8), "a.json"))
        .hasMessageContaining("nested too deeply").hasMessageNotContaining("Constraints");
    assertThatThrownBy(() -> Json.parse("{\"a\": \"b\nc\"}".getBytes(StandardCharsets.UTF_8), "a.json"))
        .hasMessageContaining("a text holds a line's end");
  }
}
