package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class WhitespaceTest {
  @Test
  void runsOfSpacesBecomeOneAndRunsOfLineEndsTwo() {
    assertThat(clean("  \n a\t \u00A0b\u3000c \n  d\n\n\n\n e \n\nf\n")).isEqualTo("a b c\nd\n\ne\n\nf");
    assertThat(clean(" \n\t ")).isEmpty();
  }

  @Property(tries = 500)
  void cleaningTwiceChangesNothingMoreAndNoOtherCharacterIsLost(@ForAll String text) {
    String once = clean(text);
    assertThat(clean(once)).isEqualTo(once);
    assertThat(withoutSpaces(once)).isEqualTo(withoutSpaces(text));
  }

  private static String clean(String text) {
    return new Whitespace().apply(text).text();
  }

  private static String withoutSpaces(String text) {
    return text.codePoints().filter(c -> !Characters.isSpace(c))
        .collect(StringBuilder::new, StringBuilder::appendCodePoint,
            StringBuilder::append)
        .toString();
  }
}
