package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class NormalizerTest {
  @Test
  void lineEndsBecomeNewlines() {
    assertThat(Normalizer.normalize("a\r\nb\rc\n\r\nd")).isEqualTo("a\nb\nc\n\nd");
  }

  @Test
  void controlCharactersGoButTabsNewlinesAndNextLineStay() {
    assertThat(Normalizer.normalize("a\u0000b\u0002c\u001Bd\u007Fe\u0080f\tg\nh\u0085i"))
        .isEqualTo("abcdef\tg\nh\u0085i");
  }

  @Test
  void otherLineEndsOfUnicodeStay() {
    assertThat(Normalizer.normalize("a\u2028b\u2029c")).isEqualTo("a\u2028b\u2029c");
  }

  @Test
  void noLineEndsWithSpacesOrTabs() {
    assertThat(Normalizer.normalize("a \t\n  b  \n \n c\u00A0\n ")).isEqualTo("a\n  b\n\n c\u00A0\n");
  }

  @Test
  void charactersAreComposed() {
    assertThat(Normalizer.normalize("e\u0301 \u1112\u1161\u11AB \u212B")).isEqualTo("\u00E9 \uD55C \u00C5");
    assertThat(Normalizer.normalize("e\u0002\u0301")).isEqualTo("\u00E9");
  }

  @Test
  void whatCameAfterUnicode13IsLeftAsItIsOnEveryJdk() {
    // U+11382 U+113C9 compose to U+11383 since Unicode 16 (Tulu-Tigalari)
    String later = "e\u0301" + new String(Character.toChars(0x11382)) + new String(Character.toChars(0x113C9))
        + "e\u0301";
    assertThat(Normalizer.normalize(later)).isEqualTo(later.replace("e\u0301", "\u00E9"));
  }

  @Property(tries = 1000)
  void normalizingTwiceChangesNothingMore(@ForAll String text) {
    String once = Normalizer.normalize(text);
    assertThat(Normalizer.normalize(once)).isEqualTo(once);
  }
}
