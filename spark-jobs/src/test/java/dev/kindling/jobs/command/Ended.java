package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A verb that was run in this process: its exit code and what it said. */
public record Ended(int code, String out, String err) {
  public static Ended of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Kindling.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Ended(code, out.toString(), err.toString());
  }

  /** What a verb that does its work says. */
  static String well(String... arguments) {
    Ended ended = of(arguments);
    assertThat(ended.code()).as(ended.err()).isZero();
    return ended.out();
  }

  /** The one line of a verb that refuses its user's mistake. */
  static String refused(String... arguments) {
    Ended ended = of(arguments);
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).hasSize(1);
    return ended.err();
  }

  /** The same of one that has ended: its line begins as all do, and holds these parts. */
  static void assertOneLine(Ended ended, String... parts) {
    assertThat(ended.err().lines()).as("stderr").singleElement().asString().startsWith("kindling: ").contains(parts);
    assertThat(ended.code()).isEqualTo(2);
  }

  /** What {@code kindling lineage} answers of a run. */
  static JsonNode lineage(Path run, String... question) throws IOException {
    return new ObjectMapper().readTree(well(Stream
        .concat(Stream.of("lineage", "--run", run.toString(), "--json"), Stream.of(question)).toArray(String[]::new)));
  }
}
