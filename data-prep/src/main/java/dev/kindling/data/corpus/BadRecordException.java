package dev.kindling.data.corpus;

/** Why a record is no document; it never leaves this package. */
final class BadRecordException extends Exception {
  private static final long serialVersionUID = 1L;

  BadRecordException(String reason) {
    super(reason);
  }
}
