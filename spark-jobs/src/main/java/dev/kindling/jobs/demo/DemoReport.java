package dev.kindling.jobs.demo;

import dev.kindling.jobs.report.LossCurve;
import dev.kindling.jobs.report.Report;
import dev.kindling.train.loop.LossPoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The demo's page. */
final class DemoReport {
  private DemoReport() {
  }

  static String html(DemoSummary summary, List<LossPoint> curve) {
    String lead = String.format(Locale.ROOT, "%,d parameters, %,d steps on %d rank%s, %s; %,.0f tokens a second.",
        summary.parameters(), summary.steps(), summary.ranks(), summary.ranks() == 1 ? "" : "s", summary.precision(),
        summary.tokensPerSecond());
    Report report = new Report("A model of the State of the Union addresses", lead, curve(summary, curve));
    report.heading("Perplexity of held-out addresses").table(perplexities(summary), "this model");
    report.heading("Data").table(data(summary), null);
    report.heading("What it writes").paragraph(String.format(Locale.ROOT,
        "%d sampled tokens; %.1f%% of the words occur in the corpus, and the longest run that is copied from it has %d tokens.",
        summary.sampledTokens(), 100 * summary.wordsInCorpus(), summary.longestCopiedTokens()));
    summary.samples().forEach(report::quotation);
    report.heading("Time").table(times(summary), null);
    report.heading("Files").table(summary.paths(), null);
    return report.html();
  }

  private static LossCurve curve(DemoSummary summary, List<LossPoint> points) {
    return new LossCurve(of(points, LossPoint.TRAIN), of(points, LossPoint.VALIDATION),
        List.of(new LossCurve.Baseline("bigram", Math.log(summary.bigramPerplexity())),
            new LossCurve.Baseline("5-gram", Math.log(summary.fiveGramPerplexity()))));
  }

  private static List<LossCurve.Point> of(List<LossPoint> points, String kind) {
    return points.stream().filter(point -> point.kind().equals(kind))
        .map(point -> new LossCurve.Point(point.step(), point.loss())).toList();
  }

  private static Map<String, String> perplexities(DemoSummary summary) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("unigram", number(summary.unigramPerplexity()));
    rows.put("bigram (interpolated Kneser-Ney)", number(summary.bigramPerplexity()));
    rows.put("5-gram (interpolated Kneser-Ney)", number(summary.fiveGramPerplexity()));
    rows.put("this model", number(summary.validationPerplexity()));
    return rows;
  }

  private static Map<String, String> data(DemoSummary summary) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("addresses", String.format(Locale.ROOT, "%,d", summary.documents()));
    rows.put("tokens to learn from", String.format(Locale.ROOT, "%,d", summary.trainingTokens()));
    rows.put("tokens held out", String.format(Locale.ROOT, "%,d", summary.heldOutTokens()));
    return rows;
  }

  private static Map<String, String> times(DemoSummary summary) {
    Map<String, String> rows = new LinkedHashMap<>();
    summary.seconds().forEach((stage, seconds) -> rows.put(stage, String.format(Locale.ROOT, "%.1f s", seconds)));
    return rows;
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
