package dev.kindling.jobs.pipeline;

import java.util.ArrayDeque;
import java.util.List;

/** The end of what was said. */
final class LastLines {
  private static final int MOST = 20;
  private final ArrayDeque<String> lines = new ArrayDeque<>();

  synchronized void add(String line) {
    if (lines.size() == MOST) lines.remove();
    lines.add(line);
  }

  synchronized List<String> lines() {
    return List.copyOf(lines);
  }
}
