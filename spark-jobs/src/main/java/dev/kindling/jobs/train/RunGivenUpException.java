package dev.kindling.jobs.train;

/** A run failed more often than it may, without a new checkpoint in between: what is saved is whole, and it can go on from there. */
public final class RunGivenUpException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RunGivenUpException(String message, Throwable last) {
    super(message, last);
  }
}
