package dev.kindling.checkpoint.commit;

/** An attempt wanted to commit although a newer one has taken over the run: it must stop, and has changed nothing. */
public final class FencedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  FencedException(String message) {
    super(message);
  }
}
