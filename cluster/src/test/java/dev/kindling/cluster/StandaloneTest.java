package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that the scripts start, on which the assembled product trains. */
@Tag("slow")
@Timeout(400)
class StandaloneTest {
  @TempDir
  Path folder;

  private Launcher script(String name) {
    return new Launcher(Launcher.ROOT.resolve("cluster/standalone").resolve(name), folder)
        .with("KINDLING_CLUSTER_DIR", folder.resolve("state").toString())
        .with("KINDLING_SSH", folder.resolve("ssh").toString());
  }

  private Launcher.Ended kindling(String... arguments) throws Exception {
    Launcher.Ended ended = new Launcher(Launcher.ROOT.resolve("kindling"), folder).with("KINDLING_MEMORY", "600m")
        .with("SPARK_LOCAL_IP", "127.0.0.1").with("KINDLING_LOG", folder.resolve("log").toString()).run(arguments);
    assertThat(ended.code()).as(ended.err() + ended.out()).isZero();
    return ended;
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(script("stop").run().code()).isZero();
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void aClusterOverTwoHostsStartsTrainsAndStops() throws Exception {
    OtherHosts.ssh(folder);
    String port = Integer.toString(freePort());
    Launcher.Ended started = script("start").run("--host", "127.0.0.1", "--port", port, "--webui-port", "0", "--cores",
        "1",
        "--memory", "1g", "127.0.0.2");
    assertThat(started.code()).as(started.err()).isZero();
    assertThat(started.out()).contains("master: spark://127.0.0.1:" + port)
        .contains("127.0.0.2:\n  worker-1: 1 core, 1g");
    Launcher.Ended again = script("start").run("--host", "127.0.0.1", "--port", port);
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("a master is running already");

    Files.writeString(folder.resolve("texts.jsonl"),
        ("{\"text\": \"" + "It was the best of times, it was the worst of times. ".repeat(8) + "\"}\n").repeat(60));
    kindling("prep", "--in", "texts.jsonl", "--out", "data", "--set", "vocabularySize=280", "--set",
        "sequenceLength=32");
    String alone = weights("alone", "local[1]");
    assertThat(weights("two", "spark://127.0.0.1:" + port)).isEqualTo(alone);
    assertThat(executorsClasses()).hasSize(2);
    if (Launcher.ROOT.toString().matches("[A-Za-z0-9/._+-]+"))        // elsewhere no classes are archived
      assertThat(executorsClasses()).allSatisfy(loaded -> assertThat(loaded)
          .contains("org.apache.spark.executor.CoarseGrainedExecutorBackend source: shared objects file (top)"));

    assertThat(script("status").run().code()).isZero();
    List<ProcessHandle> daemons = daemons(script("status").run().out());
    assertThat(daemons).hasSize(3).allMatch(ProcessHandle::isAlive);
    assertThat(script("stop").run("worker-1").out()).contains("worker-1: ended");
    Launcher.Ended stopped = script("stop").run();
    assertThat(stopped.out()).contains("127.0.0.2:\n  worker-1: ended").contains("master: ended");
    assertThat(daemons).allSatisfy(d -> assertThat(d.onExit()).succeedsWithin(Duration.ofSeconds(30)));
    assertThat(script("status").run().code()).isEqualTo(3);
  }

  @Test
  void anAddressThatIsNotOfThisMachineIsOneLine() throws Exception {
    Launcher.Ended ended = script("start").run("--host", "192.0.2.1", "--port", "7077", "--webui-port", "0");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString()
        .contains("the master cannot listen at --host 192.0.2.1 --port 7077: ").contains("Exception");
    assertThat(script("status").run().code()).isEqualTo(3);
  }

  private String weights(String run, String master) throws Exception {
    Launcher.Ended ended = kindling("pretrain", "--data", "data", "--out", run, "--master", master, "--set",
        "model.layers=1", "--set", "model.heads=2", "--set", "model.width=32", "--set", "train.steps=20", "--set",
        "train.precision=float32", "--", "--executor-memory", "512m", "--conf",
        "spark.executor.extraJavaOptions=-Xlog:class+load:file=" + folder + "/executor-%p.classes");
    assertThat(ended.out())
        .contains(master.startsWith("local") ? "1 rank in this process" : "2 ranks, one an executor");
    Matcher weights = Pattern.compile("weights ([0-9a-f]{64})").matcher(ended.out());
    assertThat(weights.find()).isTrue();
    return weights.group(1);
  }

  /** What each executor says of the classes that it has loaded, and from where. */
  private List<String> executorsClasses() throws IOException {
    List<String> all = new ArrayList<>();
    try (DirectoryStream<Path> logs = Files.newDirectoryStream(folder, "executor-*.classes")) {
      for (Path log : logs) all.add(Files.readString(log));
    }
    return all;
  }

  private static List<ProcessHandle> daemons(String status) {
    return Pattern.compile("running \\(process (\\d+)\\)").matcher(status).results()
        .map(found -> ProcessHandle.of(Long.parseLong(found.group(1))).orElseThrow()).toList();
  }
}
