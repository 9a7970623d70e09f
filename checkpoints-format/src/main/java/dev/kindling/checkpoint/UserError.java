package dev.kindling.checkpoint;

/**
 * A mistake of the user's, told in one line: what is wrong and where; what was found; what is allowed; what to do. It
 * is caught in {@code main} only, which prints it and exits with 2; every other exception is a bug and shows its stack.
 */
public final class UserError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Longer messages are cut: what they quote comes from files that may be damaged. */
  private static final int LONGEST = 2_000;

  public UserError(String message) {
    super(oneLine(message));
  }

  public UserError(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /** Names and values that a message quotes may hold line feeds and what confuses a terminal. */
  private static String oneLine(String message) {
    String cut = message.length() > LONGEST ? message.substring(0, LONGEST) + "..." : message;
    return cut.replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "\uFFFD");
  }

  /**
   * Holds a configuration value to what is allowed: {@code schedule.peak is -1; it must be a positive learning rate}.
   */
  public static void require(boolean holds, String key, Object found, String allowed) {
    if (!holds) throw new UserError(key + " is " + found + "; it must be " + allowed);
  }
}
