package dev.kindling.jobs.command;

import java.io.OutputStream;
import java.io.PrintWriter;

/** Prints, and remembers the last line that tells a user something. */
final class LastLine extends PrintWriter {
  private static final String OURS = "kindling: ";
  private String last = "";

  LastLine(OutputStream out) {
    super(out, true);
  }

  /** The last line of ours without its beginning; where there is none the first of any: a stack begins with what happened. */
  String lastLine() {
    return last.startsWith(OURS) ? last.substring(OURS.length()) : last;
  }

  @Override
  public void println(String line) {
    remember(line);
    super.println(line);
  }

  @Override
  public void println(Object line) {             // stacks are printed so
    remember(String.valueOf(line));
    super.println(line);
  }

  private void remember(String line) {
    boolean tellsWhereTheLogIs = line.startsWith(OURS + "the log is ");
    if (last.isEmpty() || line.startsWith(OURS) && !tellsWhereTheLogIs) last = line.lines().findFirst().orElse("");
  }
}
