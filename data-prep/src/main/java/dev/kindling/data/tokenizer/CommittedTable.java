package dev.kindling.data.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** A table of characters that is committed beside the classes that read it: words with one space between, lines that begin with # aside. */
final class CommittedTable {
  private CommittedTable() {
  }

  static void read(String name, Consumer<String[]> line) {
    try (InputStream in = CommittedTable.class.getResourceAsStream(name);
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      lines.lines().filter(one -> !one.startsWith("#")).forEach(one -> line.accept(one.split(" ")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** @return the number that a word writes in hexadecimal */
  static int codePoint(String word) {
    return Integer.parseInt(word, 16);
  }
}
