package dev.kindling.jobs.command;

import dev.kindling.checkpoint.UserError;
import java.util.List;
import java.util.Locale;

/** What is wrong with files, in one line that a user can read however many there are. */
final class Damage {
  private static final int SHOWN = 5;

  private Damage() {
  }

  /** @param found a line for each damaged file; @throws UserError where there is one: it tells the first ones, and how many more */
  static void refuse(List<String> found) {
    if (found.isEmpty()) return;
    String first = String.join("; ", found.subList(0, Math.min(SHOWN, found.size())));
    throw new UserError(
        found.size() <= SHOWN ? first : String.format(Locale.ROOT, "%s; and %,d more", first, found.size() - SHOWN));
  }
}
