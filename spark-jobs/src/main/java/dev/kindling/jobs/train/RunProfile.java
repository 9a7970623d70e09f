package dev.kindling.jobs.train;

import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.train.profile.ChromeTrace;
import dev.kindling.train.profile.ProfileTable;
import dev.kindling.train.profile.RankProfile;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What all ranks of a run found out about their time. */
record RunProfile(List<RankProfile> ranks) {
  private static final String FILE = "profile.json";

  /** Leaves a Chrome trace in the run's folder and tells the table. */
  void write(Configuration hadoop, Path run, Consumer<String> told) throws IOException {
    Path file = new Path(run, FILE);
    try (PendingFile out = PendingFile.create(Storage.of(hadoop, file), file)) {
      ChromeTrace.write(ranks, out);
      out.commit(FILE);
    }
    ProfileTable.of(ranks).forEach(told);
    told.accept("events of the first steps: " + file + " (open it in chrome://tracing or ui.perfetto.dev)");
  }
}
