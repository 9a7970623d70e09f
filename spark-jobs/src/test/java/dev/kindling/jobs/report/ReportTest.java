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
