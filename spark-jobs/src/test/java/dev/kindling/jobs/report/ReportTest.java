package dev.kindling.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final LossCurve CURVE = new LossCurve(
      List.of(new LossCurve.Point(1, 7.6), new LossCurve.Point(10, 6.5)),
      List.of(new LossCurve.Point(10, 6.6), new LossCurve.Point(20, 6.1)),
      List.of(new LossCurve.Baseline("bigram", 4.1)));

  private final String page = new Report("A <run>", "Lead & more", CURVE).heading("Figures")
      .table(Map.of("perplexity", "33.1"), "perplexity").quotation("</script>{{points}}").html();

  @Test
  void curvesShareOneAxisWithGaps() {
    assertThat(page).contains("const points = [[1,10,20],[7.6,6.5,null],[null,6.6,6.1]];")
        .contains("const baselines = [{").contains("\"name\":\"bigram\"");
  }

  @Test
  void moreChartsHaveTheirPlaceAndGapsAndAreAveragedToWhatAScreenShows() {
    String charts = new Report("t", "l", CURVE)
        .chart("Speed", new Chart("tokens a second", new long[]{1, 2}, Map.of("speed", new double[]{5, Double.NaN})))
        .html();
    assertThat(charts).contains("<h2>Speed</h2>\n<div id=\"chart-0\"></div>").contains("\"points\":[[1,2],[5.0,null]]");
    long[] steps = java.util.stream.LongStream.rangeClosed(1, 5000).toArray();
    double[] values = java.util.stream.LongStream.of(steps).asDoubleStream().toArray();
    String many = new Report("t", "l", CURVE).chart("x", new Chart("x", steps, Map.of("x", values))).html();
    assertThat(many).contains("[[3,6,9,").contains(",[2.0,5.0,8.0,").contains("5000],");
  }

  @Test
  void thePageNeedsNothingFromOutside() {
    assertThat(page).contains("var uPlot=").contains(".uplot").doesNotContain("<script src").doesNotContain("<link")
        .doesNotContain("@import").doesNotContain("fetch(");
  }

  @Test
  void textIsNeverMarkup() {
    assertThat(page).contains("<h1>A &lt;run&gt;</h1>").contains("Lead &amp; more")
        .contains("<blockquote>&lt;/script&gt;{{points}}</blockquote>");
  }
}
