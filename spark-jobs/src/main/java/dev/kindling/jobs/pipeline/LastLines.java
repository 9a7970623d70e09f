package dev.kindling.jobs.pipeline;

import java.util.ArrayDeque;
import java.util.List;

/** The end of what was said, and the last error of it. */
final class LastLines {
  private static final int MOST = 20;
  private static final String OURS = "kindling: ";
  private final ArrayDeque<String> lines = new ArrayDeque<>();
  private String error = "";

  synchronized void add(String line) {
    if (lines.size() == MOST) lines.remove();
    lines.add(line);
    if (line.startsWith(OURS)) {
      if (!line.startsWith(OURS + "the log is ")) error = line.substring(OURS.length());
    } else if (error.isEmpty() && line.matches("[a-z]\\w*(\\.\\w+)+[.$]\\w*(Exception|Error)\\b.*")) {
      error = line;                              // a stack begins with what happened
    }
  }

  synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /** What went wrong, without the command's name; empty where nothing tells. */
  synchronized String error() {
    return error;
  }
}
