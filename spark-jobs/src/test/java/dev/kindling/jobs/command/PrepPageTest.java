package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.job.PrepReport;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrepPageTest {
  private static final String MINUS = "\u2212";

  private static String page(long files, long tables, long rows, String droppedBy) {
    PrepReport.Step step = new PrepReport.Step("html", 1_200, 0, List.of());
    PrepReport.Cluster cluster = new PrepReport.Cluster("a", 2, "text", droppedBy, List.of());
    return PrepPage.html("books", new PrepReport(files, 100_000, tables, rows, List.of(), 1,
        List.of(new PrepReport.Stage("clean", 1, 10, List.of(step))), Map.of(), List.of(), null,
        List.of(new PrepReport.Duplicates("exact", 1, 2, List.of(), List.of(cluster))),
        new PrepReport.Packing(1, 16, 1, 0, null, 0), null, Map.of()));
  }

  @Test
  void numbersAreToldInWordsThatFitThem() {
    assertThat(page(1, 0, 0, null)).contains("1 record of 1 file, 0.1 MB; 1 document is kept.",
        "1 cluster of 2 documents", "a stays for 2 documents", MINUS + "1,200").doesNotContain(MINUS + "0");
  }

  @Test
  void tablesAreAmongWhatWasRead() {
    assertThat(page(2, 1, 5, null)).contains("1 record of 2 files, 0.1 MB, and 5 rows of 1 table or query; ");
    assertThat(page(0, 2, 1, null)).contains("1 record of 1 row of 2 tables or queries; ");
  }

  @Test
  void whatStoodForOthersAndWentLaterDoesNotStay() {
    assertThat(page(1, 0, 0, "decontaminate")).contains("a stood for 2 documents until decontaminate dropped it too")
        .doesNotContain("a stays");
  }
}
