package dev.kindling.jobs.track;

import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.jobs.report.Chart;
import dev.kindling.jobs.report.LossCurve;
import dev.kindling.jobs.report.Report;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Keeps {@code report.html} in a run's folder: curves of all steps up to the newest checkpoint, and the settings. */
final class ReportPage implements Tracker {
  static final String FILE = "report.html";
  private static final long BETWEEN_MILLIS = 60_000;
  private static final int MOST_POINTS = 2_000;
  private final Configuration conf;
  private final Path run;
  private final Map<String, String> parameters;
  private long written;                          // milliseconds since 1970
  private boolean begun;

  /** @param run the run's folder */
  ReportPage(Configuration conf, Path run, Map<String, String> parameters) {
    this.conf = conf;
    this.run = run;
    this.parameters = parameters;
  }

  @Override
  public void started(long firstStep, long steps, int ranks) {
    begun = true;
  }

  @Override
  public void saved(long step, String where) throws IOException {
    if (System.currentTimeMillis() - written > BETWEEN_MILLIS) write();
  }

  @Override
  public void ended(Status status) throws IOException {
    if (begun) write();
  }

  private void write() throws IOException {
    List<StepRow> rows = new StepTable(conf, run).read();
    if (rows.isEmpty()) return;                  // nothing is saved yet
    Path file = new Path(run, FILE);
    try (PendingFile out = PendingFile.create(Storage.of(conf, file), file)) {
      out.write(html(rows).getBytes(StandardCharsets.UTF_8));
      out.commit(FILE);
    }
    written = System.currentTimeMillis();
  }

  private String html(List<StepRow> rows) {
    StepRow last = rows.get(rows.size() - 1);
    String lead = String.format(Locale.ROOT, "Step %,d of %s, %,d tokens, %s; written %s.", last.step(),
        parameters.getOrDefault("steps", "?"), rows.stream().mapToLong(StepRow::tokens).sum(),
        last.ranks() == 1 ? "1 rank" : last.ranks() + " ranks", last.time());
    Report report = new Report("Run " + run.getName(), lead, losses(rows));
    report.chart("Learning rate", chart("rate", rows, Map.of("learning rate", StepRow::learningRate)));
    report.chart("Gradient norm", chart("norm before clipping", rows, Map.of("gradient norm", StepRow::gradientNorm)));
    report.chart("Speed", chart("tokens a second", rows, Map.of("tokens a second", StepRow::tokensPerSecond)));
    Map<String, ToDoubleFunction<StepRow>> parts = new LinkedHashMap<>();
    parts.put("compute", StepRow::compute);
    parts.put("data", StepRow::data);
    parts.put("waiting", StepRow::waiting);
    parts.put("network", StepRow::network);
    parts.put("optimizer", StepRow::optimizer);
    parts.put("evaluate", StepRow::evaluate);
    parts.put("checkpoint", StepRow::checkpoint);
    parts.put("other", StepRow::other);
    report.chart("What the time goes to", chart("share of the ranks' time", rows, parts));
    report.heading("On the way").table(events(rows), null);
    report.heading("Settings").table(parameters, null);
    return report.html();
  }

  private static LossCurve losses(List<StepRow> rows) {
    int together = Math.max(1, rows.size() / MOST_POINTS);
    List<LossCurve.Point> train = new ArrayList<>();
    for (int i = 0; i < rows.size(); i += together) {
      List<StepRow> some = rows.subList(i, Math.min(rows.size(), i + together));
      some.stream().mapToDouble(StepRow::loss).filter(loss -> !Double.isNaN(loss)).average()
          .ifPresent(mean -> train.add(new LossCurve.Point(some.get(some.size() - 1).step(), mean)));
    }
    return new LossCurve(train, rows.stream().filter(row -> !Double.isNaN(row.validationLoss()))
        .map(row -> new LossCurve.Point(row.step(), row.validationLoss())).toList(), List.of());
  }

  private static Chart chart(String axis, List<StepRow> rows, Map<String, ToDoubleFunction<StepRow>> lines) {
    Map<String, double[]> values = new LinkedHashMap<>();
    lines.forEach((name, value) -> values.put(name, rows.stream().mapToDouble(value).toArray()));
    return new Chart(axis, rows.stream().mapToLong(StepRow::step).toArray(), values);
  }

  private static Map<String, String> events(List<StepRow> rows) {
    Map<String, String> events = new LinkedHashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      StepRow row = rows.get(i);
      if (i == 0 || rows.get(i - 1).attempt() != row.attempt()) {
        events.put("attempt " + row.attempt(), "from step " + row.step() + " on, with "
            + (row.ranks() == 1 ? "1 rank" : row.ranks() + " ranks"));
      }
    }
    String spikes = rows.stream().filter(StepRow::spike).map(row -> Long.toString(row.step()))
        .collect(Collectors.joining(", "));
    events.put("losses that stood out", spikes.isEmpty() ? "none" : "in steps " + spikes);
    return events;
  }

  /** For a warning. */
  @Override
  public String toString() {
    return new Path(run, FILE).toString();
  }
}
