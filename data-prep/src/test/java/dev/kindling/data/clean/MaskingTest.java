package dev.kindling.data.clean;

import static dev.kindling.data.clean.Masking.Kind.CARD;
import static dev.kindling.data.clean.Masking.Kind.EMAIL;
import static dev.kindling.data.clean.Masking.Kind.IP;
import static dev.kindling.data.clean.Masking.Kind.PHONE;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MaskingTest {
  @ParameterizedTest
  @ValueSource(strings = {"jane.doe@example.com", "a+b_c@mail.example.co.uk", "x@a-b.org", "o'neil@example.ie",
      "1@2.info"})
  void emailAddressesAreMasked(String address) {
    assertThat(mask(EMAIL, address)).isEqualTo("<EMAIL>");
    assertThat(mask(EMAIL, "Write to <" + address + ">, or " + address + "."))
        .isEqualTo("Write to <<EMAIL>>, or <EMAIL>.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"@Override", "user@localhost", "a @ b.com", "x@1.2.3", "price@5.00", "@example.com",
      "a.@example.com"})
  void whatIsNoEmailAddressStays(String text) {
    assertThat(mask(EMAIL, text)).isEqualTo(text);
  }

  /** The networks' published test numbers. */
  @ParameterizedTest
  @ValueSource(strings = {"4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "3782 822463 10005",
      "30569309025904",
      "6011111111111117", "4222222222222"})
  void cardNumbersAreMasked(String number) {
    assertThat(mask(CARD, number)).isEqualTo("<CARD>");
    assertThat(mask(CARD, "2 cards: " + number + ", 3 days")).isEqualTo("2 cards: <CARD>, 3 days");
  }

  @ParameterizedTest
  @ValueSource(strings = {"4111111111111112", "1234 5678 9012 3452", "41111111111111111111111", "x4111111111111111",
      "4111 11111111 1111"})
  void numbersWithAWrongCheckDigitOrShapeStay(String number) {
    assertThat(mask(CARD, number)).isEqualTo(number);
  }

  /** The letters are the mathematical A, a pair of UTF-16, and one that came after Unicode 13.0 and is none. */
  @Test
  void aLetterOutsideTheFirstPlaneIsALetter() {
    assertThat(mask(CARD, "\uD835\uDC00" + "4111111111111111")).doesNotContain("<CARD>");
    assertThat(mask(CARD, "4111111111111111\uD835\uDC00")).doesNotContain("<CARD>");
    assertThat(mask(PHONE, "\uD835\uDC00" + "212-555-0123")).doesNotContain("<PHONE>");
    assertThat(mask(CARD, "\u0870" + "4111111111111111\uD83D\uDE00")).isEqualTo("\u0870<CARD>\uD83D\uDE00");
  }

  @Test
  void theCheckDigitIsLuhns() {
    assertThat(CardNumbers.luhn("79927398713")).isTrue();    // the worked example that textbooks use
    for (int digit = 0; digit < 10; digit++) assertThat(CardNumbers.luhn("7992739871" + digit)).isEqualTo(digit == 3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"192.168.0.1", "8.8.8.8", "255.255.255.255", "2001:db8:85a3::8a2e:370:7334",
      "fe80:0:0:0:204:61ff:fe9d:f156",
      "::ffff:192.0.2.128", "2001:db8::1"})
  void addressesOfHostsAreMasked(String address) {
    assertThat(mask(IP, address)).isEqualTo("<IP>");
    assertThat(mask(IP, "from " + address + ", [" + address + "] and " + address + "."))
        .isEqualTo("from <IP>, [<IP>] and <IP>.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"256.1.1.1", "1.2.3", "1.2.3.4.5", "v1.2.3.4", "01.2.3.4", "std::vector", "a::b",
      "abc::def::bad", "12:30:45",
      "::1", "::", "dead:beef", "1:2:3:4:5:6:7:8:9"})
  void whatIsNoAddressStays(String text) {
    assertThat(mask(IP, text)).isEqualTo(text);
  }

  @Test
  void aPortStaysBehindItsAddress() {
    assertThat(mask(IP, "10.0.0.1:8080")).isEqualTo("<IP>:8080");
  }

  @ParameterizedTest
  @ValueSource(strings = {"+1 212-555-0123", "+49 (30) 1234567", "+442079460123", "(212) 555-0123", "212.555.0123",
      "1-212-555-0123",
      "030 1234567", "01 23 45 67 89", "0171/2345678", "(030) 123 45 67"})
  void telephoneNumbersAreMasked(String number) {
    assertThat(mask(PHONE, number)).isEqualTo("<PHONE>");
    assertThat(mask(PHONE, "Call " + number + ", 24 hours.")).isEqualTo("Call <PHONE>, 24 hours.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2024-01-15", "1 000 000", "3.14159265", "ISBN 978-3-16-148410-0", "1234567890", "+12",
      "10-20-30",
      "a212-555-0123", "1999-2003"})
  void otherNumbersStay(String text) {
    assertThat(mask(PHONE, text)).isEqualTo(text);
  }

  @ParameterizedTest
  @EnumSource(Masking.Kind.class)
  void theWorstTextTakesTimeLikeAnyOther(Masking.Kind kind) {
    for (String unit : new String[]{"1", "1 ", "(1", "((+", "a@", "@", "a", "1.", ":", "f:", "a.b@c.d-"}) {
      String text = unit.repeat(1_000_000 / unit.length());
      Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> mask(kind, text), unit);
    }
  }

  @Property
  void whatIsMaskedIsReplacedAndNothingElse(@ForAll Masking.Kind kind,
      @ForAll @Chars({'0', '1', '4', '(', ')', '+', ' ', '-', '.', ':', '@', 'a', 'b', '/'}) String text) {
    String pattern = Stream.of(mask(kind, text).split(kind.placeholder(), -1)).map(Pattern::quote)
        .collect(Collectors.joining(".+"));
    assertThat(text).matches(Pattern.compile(pattern, Pattern.DOTALL));
  }

  private static String mask(Masking.Kind kind, String text) {
    return new Masking(kind).apply(text).text();
  }
}
