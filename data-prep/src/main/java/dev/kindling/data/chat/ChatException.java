package dev.kindling.data.chat;

/** A conversation that a template does not take: it says so itself ({@code raise_exception}), or finds values that it cannot work with. */
public final class ChatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ChatException(String message) {
    super(message);
  }
}
