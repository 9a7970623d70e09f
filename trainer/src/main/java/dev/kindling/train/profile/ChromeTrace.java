package dev.kindling.train.profile;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/**
 * Profiles in the Trace Event Format that {@code chrome://tracing} and Perfetto read: a process for each rank, in it one line of
 * step parts and below them the operations; beside the events, under {@code profile}, the totals.
 */
public final class ChromeTrace {
  private static final double NANOS_OF_MICRO = 1e3;

  private ChromeTrace() {
  }

  /** Writes JSON and leaves the stream open. */
  public static void write(List<RankProfile> ranks, OutputStream out) throws IOException {
    JsonGenerator json = new JsonFactory().createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.writeStartObject();
    json.writeStringField("displayTimeUnit", "ms");
    json.writeArrayFieldStart("traceEvents");
    long origin = ranks.stream().flatMap(rank -> rank.events().stream()).mapToLong(RankProfile.Event::start).min()
        .orElse(0);
    for (RankProfile rank : ranks) {
      writeName(json, rank.rank());
      for (RankProfile.Event event : rank.events()) write(json, rank.rank(), event, origin);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("profile");
    for (RankProfile rank : ranks) writeTotals(json, rank);
    json.writeEndArray();
    json.writeEndObject();
    json.close();
  }

  private static void writeName(JsonGenerator json, int rank) throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "M");
    json.writeStringField("name", "process_name");
    json.writeNumberField("pid", rank);
    json.writeObjectFieldStart("args");
    json.writeStringField("name", "rank " + rank);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, int rank, RankProfile.Event event, long origin) throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "X");
    json.writeStringField("name", event.name());
    json.writeStringField("cat", event.isPart() ? "part" : "operation");
    json.writeNumberField("pid", rank);
    json.writeNumberField("tid", 0);
    json.writeNumberField("ts", (event.start() - origin) / NANOS_OF_MICRO);
    json.writeNumberField("dur", event.nanos() / NANOS_OF_MICRO);
    if (event.product() != null) {
      json.writeObjectFieldStart("args");
      json.writeStringField("product", event.product().toString());
      json.writeNumberField("gflops", Math.round(event.product().flops() / event.nanos()));
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void writeTotals(JsonGenerator json, RankProfile rank) throws IOException {
    json.writeStartObject();
    json.writeNumberField("rank", rank.rank());
    json.writeNumberField("steps", rank.steps());
    json.writeObjectFieldStart("partNanos");
    for (var part : rank.parts().entrySet()) { json.writeNumberField(part.getKey().label(), part.getValue()); }
    json.writeEndObject();
    json.writeArrayFieldStart("operations");
    for (RankProfile.Operation operation : rank.operations()) {
      json.writeStartObject();
      json.writeStringField("name", operation.name());
      if (operation.product() != null) {
        json.writeStringField("product", operation.product().toString());
        json.writeNumberField("gflops", Math.round(operation.rate() / 1e9));
        json.writeNumberField("ceilingGflops", Math.round(operation.ceiling() / 1e9));
      }
      json.writeNumberField("calls", operation.calls());
      json.writeNumberField("nanos", operation.nanos());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
