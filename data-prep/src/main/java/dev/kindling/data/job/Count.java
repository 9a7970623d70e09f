package dev.kindling.data.job;

import java.util.Locale;

/** Numbers of things, as they are told. */
public final class Count {
  private Count() {
  }

  /** @param one what one of them is called; @return such as {@code 1 file} or {@code 1,200 files} */
  public static String of(long number, String one) {
    return of(number, one, one + "s");
  }

  /** What stands for a table among inputs may be a query: which of them it was is not counted apart. */
  public static String ofTables(long number) {
    return of(number, "table or query", "tables or queries");
  }

  private static String of(long number, String one, String more) {
    return String.format(Locale.ROOT, "%,d %s", number, number == 1 ? one : more);
  }
}
