package dev.kindling.data.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class TextHashTest {
  @Test
  void theHashIsMurmur3With128Bits() {
    // published values of MurmurHash3_x64_128 with seed 0, the halves as two numbers
    assertThat(hex("hello")).isEqualTo("cbd8a7b341bd9b025b1e906a48ae1d19");
    assertThat(hex("")).isEqualTo("00000000000000000000000000000000");
    assertThat(hex("hello, world")).isEqualTo("342fac623a5ebc8e4cdcbc079642414d");
    assertThat(TextHash.number("hello")).isEqualTo(0xcbd8a7b341bd9b02L);
  }

  @Test
  void onlyTheAmountOfWhiteSpaceDoesNotCount() {
    assertThat(hex("  a\tb\n\n\u00A0c ")).isEqualTo(hex("a b c"));
    assertThat(hex("ab c")).isNotEqualTo(hex("a bc"));
    assertThat(hex("A b c")).isNotEqualTo(hex("a b c"));
    assertThat(hex("a, b")).isNotEqualTo(hex("a b"));
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(TextHash.of(text));
  }
}
