package dev.kindling.data.job;

/** Numbers of things, as they are told. */
final class Count {
  private Count() {
  }

  /** @param one what one of them is called; @return such as {@code 1 file} or {@code 1,200 files} */
  static String of(long number, String one) {
    return String.format("%,d %s%s", number, one, number == 1 ? "" : "s");
  }
}
