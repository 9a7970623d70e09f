package dev.kindling.data.tokenizer;

import java.util.Arrays;

/**
 * GPT-2's names for the 256 bytes: a printable character each, so that a token is a string without spaces. Printable Latin-1
 * bytes stand for themselves, the other 68 are U+0100 to U+0143 in their order. The alphabet's order, which gives the ids, is
 * that of the characters.
 */
final class ByteAlphabet {
  static final int SIZE = 256;

  private static final char[] CHARACTER_OF_BYTE = new char[SIZE];
  private static final short[] BYTE_OF_CHARACTER = new short[0x144];
  private static final int[] BYTE_AT_RANK = new int[SIZE];

  static {
    Arrays.fill(BYTE_OF_CHARACTER, (short) -1);
    char next = 0x100;
    for (int b = 0; b < SIZE; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      char c = printable ? (char) b : next++;
      CHARACTER_OF_BYTE[b] = c;
      BYTE_OF_CHARACTER[c] = (short) b;
    }
    int rank = 0;
    for (short b : BYTE_OF_CHARACTER) if (b >= 0) BYTE_AT_RANK[rank++] = b;
  }

  private ByteAlphabet() {
  }

  /** @return the byte, 0 to 255, that is number {@code rank} of the alphabet */
  static int byteAt(int rank) {
    return BYTE_AT_RANK[rank];
  }

  /** @return the name of a byte sequence: one character a byte */
  static String nameOf(byte[] bytes) {
    char[] name = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) name[i] = CHARACTER_OF_BYTE[bytes[i] & 0xFF];
    return new String(name);
  }

  /** @return the bytes that a token's name stands for, or null where a character is none of the alphabet's */
  static byte[] bytesOf(String name) {
    byte[] bytes = new byte[name.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = name.charAt(i);
      if (c >= BYTE_OF_CHARACTER.length || BYTE_OF_CHARACTER[c] < 0) return null;
      bytes[i] = (byte) BYTE_OF_CHARACTER[c];
    }
    return bytes;
  }
}
