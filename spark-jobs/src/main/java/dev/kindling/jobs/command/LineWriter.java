package dev.kindling.jobs.command;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.function.Consumer;

/** Passes on what is written, and hands every line to somebody else as well. */
final class LineWriter extends Writer {
  private final PrintWriter to;
  private final Consumer<String> line;
  private final StringBuilder begun = new StringBuilder();

  LineWriter(PrintWriter to, Consumer<String> line) {
    this.to = to;
    this.line = line;
  }

  PrintWriter printer() {
    return new PrintWriter(this, true);
  }

  @Override
  public void write(char[] text, int offset, int length) {
    to.write(text, offset, length);
    for (int i = offset; i < offset + length; i++) {
      if (text[i] != '\n') {
        begun.append(text[i]);
      } else {
        line.accept(begun.toString().stripTrailing());
        begun.setLength(0);
      }
    }
  }

  @Override
  public void flush() {
    to.flush();
  }

  @Override
  public void close() {
    to.flush();
  }
}
