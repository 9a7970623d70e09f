package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.command.Ended;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Executors that come and go by themselves, which a stage of ranks cannot do with. */
@Timeout(60)
class DynamicAllocationTest {
  private final Map<String, String> settings = new HashMap<>(Sessions.ofExecutors());
  @TempDir
  private Path folder;

  @AfterEach
  void forgetTheSettings() {
    settings.keySet().forEach(System::clearProperty);
  }

  @Test
  void aTrainingEndsWithWhatToSetInstead() throws Exception {
    settings.putAll(Map.of("spark.master", "local-cluster[1,1,1024]", "spark.ui.enabled", "false",
        "spark.worker.ui.port", "0", "spark.master.ui.port", "0", "spark.driver.host", "127.0.0.1",
        "spark.driver.bindAddress", "127.0.0.1", "spark.dynamicAllocation.enabled", "true"));
    settings.forEach(System::setProperty);
    Path run = folder.resolve("run");
    Ended ended = Ended.of("pretrain", "--data", TinyDataset.write(folder.resolve("data"), 20, 20, 0), "--out",
        run.toString(), "--ranks", "1", "--set", "cluster.kernels=plain", "--set", "model.width=32", "--set",
        "model.heads=2", "--set", "model.layers=1");
    assertThat(ended.err().lines()).singleElement().asString().isEqualTo(
        "kindling: spark.dynamicAllocation.enabled is true; Spark runs the ranks of a training together (barrier "
            + "stage) with a fixed number of executors only: set spark.dynamicAllocation.enabled=false and "
            + "spark.executor.instances=1");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(run).doesNotExist();
  }
}
