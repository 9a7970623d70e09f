package dev.kindling.jobs.demo;

import java.io.PrintWriter;
import java.util.Locale;

/** What the demo says while it runs: a heading a stage, indented lines below it, and the time at the end. */
final class Terminal {
  private static final String LEVELS = "▁▂▃▄▅▆▇█";

  private final PrintWriter out;
  private final int stages;
  private int stage;

  Terminal(PrintWriter out, int stages) {
    this.out = out;
    this.stages = stages;
  }

  void stage(String name) {
    out.printf("%n[%d/%d] %s%n", ++stage, stages, name);
    out.flush();
  }

  void heading(String text) {
    out.println();
    out.println(text);
    out.flush();
  }

  void line(String text) {
    out.println("      " + text);
    out.flush();
  }

  void line(String format, Object... values) {
    line(String.format(Locale.ROOT, format, values));
  }

  /** A curve in one line of blocks, high to low. @param width characters at most */
  static String sparkline(double[] values, int width) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    StringBuilder line = new StringBuilder();
    int count = Math.min(width, values.length);
    for (int i = 0; i < count; i++) {
      double value = values[count == 1 ? 0 : (int) ((long) i * (values.length - 1) / (count - 1))];
      double part = most > least ? (value - least) / (most - least) : 0;
      line.append(LEVELS.charAt((int) Math.round(part * (LEVELS.length() - 1))));
    }
    return line.toString();
  }
}
