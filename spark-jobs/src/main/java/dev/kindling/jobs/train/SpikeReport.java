package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.jobs.track.LossSpikes;
import dev.kindling.train.loop.PackedBatches;
import dev.kindling.train.loop.StepFacts;
import java.io.IOException;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of a loss that stands out: a line with the samples that contributed most, and a file of the run's folder with all of the step. */
record SpikeReport(Rank rank, DatasetMixture datasets, PackedBatches<?> batches, Path run) {
  /** Of a run's folder. */
  static final String FOLDER = "spikes";
  private static final Logger LOG = LoggerFactory.getLogger(SpikeReport.class);

  void of(StepFacts facts, LossSpikes.Spike spike) {
    double[] losses = facts.lossesByVirtualRank();
    int worst = IntStream.range(0, losses.length).reduce((a, b) -> losses[a] >= losses[b] ? a : b).orElse(0);
    try {
      Path file = new Path(new Path(run, FOLDER), String.format(Locale.ROOT, "step-%08d.json", facts.step()));
      try (PendingFile out = PendingFile.create(Storage.of(rank.conf(), file), file)) {
        out.write(Json.bytes(json(facts, spike)));
        out.commit(file.getName());
      }
      rank.driver().say(String.format(Locale.ROOT,
          "step %d: the loss stands out: %.4f, %.1f deviations above the median of %.4f; most of it from virtual rank %d: %s"
              + " (all of the step's samples: %s)",
          facts.step(), spike.loss(), spike.deviations(), spike.median(), worst,
          batches.describe(facts.step(), worst, 0), file));
    } catch (IOException | RuntimeException e) {           // a report, which may not end what it reports on
      LOG.warn("The loss of step {} stands out, and what was in it cannot be told", facts.step(), e);
    }
  }

  private ObjectNode json(StepFacts facts, LossSpikes.Spike spike) {
    ObjectNode json = Json.object().put("step", facts.step()).put("loss", spike.loss()).put("median", spike.median())
        .put("deviations", spike.deviations());
    ArrayNode all = json.putArray("virtualRanks");
    double[] losses = facts.lossesByVirtualRank();
    for (int v = 0; v < losses.length; v++) {
      ArrayNode samples = all.addObject().put("virtualRank", v).put("summedLoss", losses[v]).putArray("samples");
      for (long row : batches.rows(facts.step(), v)) {
        int member = datasets.memberOf(row);
        samples.addObject().put("dataset", datasets.members().get(member).folder().toString())
            .put("row", row - datasets.firstRow(member)).put("file", batches.dataset().file(row)).set("documents",
                documents(row));
      }
    }
    return json;
  }

  private ArrayNode documents(long row) {
    ArrayNode ids = Json.array();
    batches.dataset().documents(row).forEach(ids::add);
    return ids;
  }
}
