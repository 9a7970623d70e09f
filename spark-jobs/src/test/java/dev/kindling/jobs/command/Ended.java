package dev.kindling.jobs.command;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A verb that was run in this process: its exit code and what it said. */
public record Ended(int code, String out, String err) {
  public static Ended of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Kindling.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Ended(code, out.toString(), err.toString());
  }
}
