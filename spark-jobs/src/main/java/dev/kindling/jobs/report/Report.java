package dev.kindling.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes the page: a template of this package with the plot library uPlot (MIT; its licence lies beside it) inlined, so
 * that the file can be mailed and opened offline.
 */
public final class Report {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String title;
  private final String lead;
  private final LossCurve curve;
  private final StringBuilder body = new StringBuilder();
  private final List<Chart> charts = new ArrayList<>();

  /** @param title one line; @param lead one sentence under it */
  public Report(String title, String lead, LossCurve curve) {
    this.title = title;
    this.lead = lead;
    this.curve = curve;
  }

  /** A page without a loss. */
  public Report(String title, String lead) {
    this(title, lead, null);
  }

  public Report heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  /** A table of two columns. @param marked the row that stands out, or null */
  public Report table(Map<String, String> rows, String marked) {
    body.append("<table>\n");
    rows.forEach((name, value) -> body.append(name.equals(marked) ? "<tr class=\"ours\">" : "<tr>").append("<td>")
        .append(escape(name)).append("</td><td class=\"number\">").append(escape(value)).append("</td></tr>\n"));
    body.append("</table>\n");
    return this;
  }

  /** A table with a head; all columns but the first are numbers. */
  public Report columns(List<String> head, List<List<String>> rows) {
    body.append("<table>\n<tr>");
    for (String name : head) body.append("<th>").append(escape(name)).append("</th>");
    body.append("</tr>\n");
    for (List<String> row : rows) {
      body.append("<tr>");
      for (int i = 0; i < row.size(); i++)
        body.append(i == 0 ? "<td>" : "<td class=\"number\">").append(escape(row.get(i))).append("</td>");
      body.append("</tr>\n");
    }
    body.append("</table>\n");
    return this;
  }

  /** A histogram. @param values none negative, by name; @param format of a value */
  public Report bars(Map<String, Double> values, String format) {
    double most = values.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
    body.append("<table>\n");
    values.forEach((name, value) -> body.append("<tr><td>").append(escape(name)).append("</td><td class=\"number\">")
        .append(escape(String.format(Locale.ROOT, format, value))).append("</td><td><div class=\"bar\" style=\"width:")
        .append(most == 0 ? 0 : Math.round(400 * value / most)).append("px\"></div></td></tr>\n"));
    body.append("</table>\n");
    return this;
  }

  /** A plot of its own, with a heading. */
  public Report chart(String heading, Chart chart) {
    heading(heading);
    body.append("<div id=\"chart-").append(charts.size()).append("\"></div>\n");
    charts.add(chart);
    return this;
  }

  public Report quotation(String text) {
    body.append("<blockquote>").append(escape(text)).append("</blockquote>\n");
    return this;
  }

  public Report paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** @return the whole page */
  public String html() {
    Map<String, String> parts = Map.of("title", escape(title), "lead", escape(lead), "body", body.toString(),
        "uplot.css",
        resource("uplot/uPlot.min.css"), "uplot.js", resource("uplot/uPlot.iife.min.js"), "points", json(points()),
        "baselines", json(baselines()), "charts", json(charts.stream().map(Chart::plain).toList()));
    return filled(resource("report.html"), parts);
  }

  /** One pass over the template, so that nothing inside a part is taken for a place. */
  private static String filled(String template, Map<String, String> parts) {
    StringBuilder page = new StringBuilder();
    int from = 0;
    for (int open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", from)) {
      int close = template.indexOf("}}", open);
      page.append(template, from, open).append(parts.get(template.substring(open + 2, close)));
      from = close + 2;
    }
    return page.append(template, from, template.length()).toString();
  }

  /** uPlot wants one sorted axis and one column a curve, with nulls where a curve has no point. */
  private List<List<Object>> points() {
    if (curve == null) return List.of();
    TreeMap<Long, Double[]> bySteps = new TreeMap<>();
    for (LossCurve.Point point : curve.train()) {
      bySteps.computeIfAbsent(point.step(), step -> new Double[2])[0] = point.loss();
    }
    for (LossCurve.Point point : curve.heldOut()) {
      bySteps.computeIfAbsent(point.step(), step -> new Double[2])[1] = point.loss();
    }
    List<Object> train = new ArrayList<>();
    List<Object> heldOut = new ArrayList<>();
    for (Double[] losses : bySteps.values()) {
      train.add(losses[0]);
      heldOut.add(losses[1]);
    }
    return List.of(new ArrayList<>(bySteps.keySet()), train, heldOut);
  }

  private List<Map<String, Object>> baselines() {
    if (curve == null) return List.of();
    return curve.baselines().stream().map(line -> Map.<String, Object>of("name", line.name(), "loss", line.loss()))
        .toList();
  }

  /** JSON inside a script element: {@code <} must not begin a tag. */
  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value).replace("<", "\\u003c");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
  }

  private static String resource(String name) {
    try (InputStream in = Report.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
