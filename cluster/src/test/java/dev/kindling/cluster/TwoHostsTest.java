package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** A standalone cluster over two hosts with a line of 1 Gbit/s between them, which breaks. */
@Tag("slow")
@Timeout(400)
@EnabledIf("dev.kindling.cluster.TwoHosts#canBeMade")
class TwoHostsTest {
  private static final Path SCRIPTS = Launcher.ROOT.resolve("cluster/standalone");
  @TempDir
  Path folder;
  private TwoHosts hosts;

  private List<String> script(int host, String name, String... arguments) throws Exception {
    List<String> words = new ArrayList<>(List.of("bash", SCRIPTS.resolve(name).toString()));
    words.addAll(List.of(arguments));
    return hosts.run(host, Map.of("KINDLING_CLUSTER_DIR", folder.resolve("host-" + host).toString()), folder,
        line -> {},
        words);
  }

  private List<String> kindling(Consumer<String> told, String... arguments) throws Exception {
    List<String> words = new ArrayList<>(List.of("bash", Launcher.ROOT.resolve("kindling").toString()));
    words.addAll(List.of(arguments));
    Map<String, String> environment = Map.of("SPARK_LOCAL_IP", hosts.address(0), "KINDLING_MEMORY", "600m",
        "KINDLING_LOG",
        folder.resolve("log").toString());
    return hosts.run(0, environment, folder, told, words);
  }

  private String pretrain(Consumer<String> told, String run, String master) throws Exception {
    List<String> lines = kindling(told, "pretrain", "--data", "data", "--out", run, "--master", master, "--set",
        "model.layers=1", "--set", "model.heads=2", "--set", "model.width=32", "--set", "train.steps=300", "--set",
        "train.accumulate=4", "--set", "train.precision=float32", "--set", "checkpoints.every=20", "--",
        "--executor-memory",
        "512m");
    String last = lines.stream().filter(l -> l.contains(", weights ")).findFirst().orElseThrow();
    return last.substring(last.lastIndexOf(' ') + 1);
  }

  @Test
  void aRunAcrossTwoHostsSurvivesACutCable() throws Exception {
    try (TwoHosts made = new TwoHosts()) {
      hosts = made;
      Files.writeString(folder.resolve("texts.jsonl"),
          ("{\"text\": \"" + "It was the best of times, it was the worst of times. ".repeat(8) + "\"}\n").repeat(60));
      kindling(line -> {}, "prep", "--in", "texts.jsonl", "--out", "data", "--set", "vocabularySize=280", "--set",
          "sequenceLength=32");
      String alone = pretrain(line -> {}, "alone", "local[1]");
      String master = "spark://" + hosts.address(0) + ":7077";
      try {
        script(0, "start", "--host", hosts.address(0), "--cores", "1", "--memory", "1g");
        script(1, "start", "--master", master, "--host", hosts.address(1), "--cores", "1", "--memory", "1g");
        assertThat(pretrain(line -> {}, "both", master)).isEqualTo(alone);
        AtomicBoolean cut = new AtomicBoolean();
        List<String> lines = new ArrayList<>();
        String survived = pretrain(line -> {
          lines.add(line);
          if (line.startsWith("step  50/") && !cut.getAndSet(true)) hosts.cut();
        }, "cut", master);
        assertThat(survived).isEqualTo(alone);
        assertThat(lines).anyMatch(l -> l.startsWith("2 ranks, one an executor")).anyMatch(l -> l.startsWith("1 rank"));
        hosts.mend();
      } finally {
        script(1, "stop");
        script(0, "stop");
      }
    }
  }
}
