package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HtmlEntitiesTest {
  @Test
  void namesAndNumbersBecomeTheirCharacters() {
    assertThat(clean("1 &lt; 2 &amp;&amp; &quot;caf&eacute;&quot; &copy; &#228;&#xE4;&#X1F600; it&apos;s"))
        .isEqualTo("1 < 2 && \"caf\u00E9\" \u00A9 \u00E4\u00E4\uD83D\uDE00 it's");
  }

  @Test
  void onlyOneLevelIsUndone() {
    assertThat(clean("&amp;lt;")).isEqualTo("&lt;");
  }

  @Test
  void numbersAreReadAsTheHtmlStandardSays() {
    assertThat(clean("&#x80;&#146;&#151;")).isEqualTo("\u20AC\u2019\u2014");
    assertThat(clean("&#0;&#xD800;&#x110000;&#999999999;&#xFFFFFFFF;")).isEqualTo("\uFFFD".repeat(5));
  }

  @Test
  void whatIsNoReferenceStays() {
    String text = "R&D, a && b, &nosuchname;, &#;, &#x;, &#12, $1 \\ & amp;";
    assertThat(clean(text)).isEqualTo(text);
  }

  @Test
  void whatAReferenceNamesIsNormalised() {
    assertThat(clean("e&#x301;, a&#13;&#10;b, c&#7;d")).isEqualTo("\u00E9, a\nb, cd");
  }

  @Property
  void everyCharacterComesBackFromItsNumber(@ForAll @IntRange(min = 0xA0, max = 0xD7FF) int c) {
    String character = Character.toString(c);
    assertThat(clean("x&#" + c + ";")).isEqualTo(Normalizer.normalize("x" + character));
  }

  @Property
  void nothingBreaksIt(
      @ForAll @Chars({'&', '#', 'x', ';', 'a', 'm', 'p'}) @CharRange(from = '0', to = '9') String text) {
    assertThat(clean(text).length()).isLessThanOrEqualTo(text.length());
  }

  private static String clean(String text) {
    return new HtmlEntities().apply(text).text();
  }
}
