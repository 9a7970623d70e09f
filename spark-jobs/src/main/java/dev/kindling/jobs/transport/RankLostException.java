package dev.kindling.jobs.transport;

/** A peer is gone, silent or speaks nonsense, or this rank was told to stop: the run cannot go on with these ranks. */
public class RankLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RankLostException(String message) {
    super(message);
  }

  public RankLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
