package dev.kindling.jobs.command;

/**
 * How a verb that failed ends its driver in YARN's cluster mode. There a {@code System.exit} is taken for a driver that died early,
 * without a reason; what main throws is given to the shell that submitted it, as the application's diagnostics. The launcher makes
 * a line and an exit code of it again.
 */
final class VerbFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** @param line what the user is to know */
  VerbFailedException(int code, String line) {
    super("exit code " + code + ": " + line, null, false, false);      // no stack: it ends in main
  }

  /** Whether this is how to end: in a driver that runs in one of YARN's containers. */
  static boolean isOfDriversInYarn() {
    return "yarn".equals(System.getProperty("spark.master"))
        && "cluster".equals(System.getProperty("spark.submit.deployMode"));
  }
}
