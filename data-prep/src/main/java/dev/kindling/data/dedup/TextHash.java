package dev.kindling.data.dedup;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.commons.codec.digest.MurmurHash3;

/**
 * 128 bits of a text in which only the amount of white space does not count: MurmurHash3 (x64, 128 bits, seed 0) of the UTF-8 bytes of
 * its words with one space between. Among 2^40 different texts two have the same hash with a probability of 2^-49.
 */
public final class TextHash {
  private TextHash() {
  }

  /** @return 16 bytes */
  public static byte[] of(String text) {
    long[] hash = murmur(normalised(text));
    return ByteBuffer.allocate(16).putLong(hash[0]).putLong(hash[1]).array();
  }

  /** @return 64 bits of a name as it is; among a billion names two have the same number with a probability of 3% */
  public static long number(String name) {
    return murmur(name)[0];
  }

  private static long[] murmur(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return MurmurHash3.hash128x64(bytes, 0, bytes.length, 0);
  }

  private static String normalised(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isWhitespace(c) && !Character.isSpaceChar(c)) out.append(c);
      else if (!out.isEmpty() && out.charAt(out.length() - 1) != ' ') out.append(' ');
    }
    int length = out.length();
    if (length > 0 && out.charAt(length - 1) == ' ') out.setLength(length - 1);
    return out.toString();
  }
}
