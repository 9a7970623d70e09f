package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of a standalone cluster on hosts that share their file system; processes that only sleep stand for its daemons. */
@Timeout(60)
class SharedFolderTest {
  @TempDir
  Path folder;
  private final List<Process> daemons = new ArrayList<>();

  private Launcher.Ended script(String name) throws Exception {
    return new Launcher(Launcher.ROOT.resolve("cluster/standalone").resolve(name), folder)
        .with("KINDLING_CLUSTER_DIR", folder.resolve("state").toString())
        .with("KINDLING_SSH", folder.resolve("ssh").toString()).run();
  }

  private static String thisMachine() throws IOException {
    return new String(new ProcessBuilder("uname", "-n").start().getInputStream().readAllBytes()).strip();
  }

  private Process daemon(String host, String name) throws IOException {
    String type = name.equals("master") ? "master.Master" : "worker.Worker";
    Process process = new ProcessBuilder("bash", "-c", "exec -a org.apache.spark.deploy." + type + " sleep 300")
        .start();
    daemons.add(process);
    Path state = Files.createDirectories(folder.resolve("state").resolve(host));
    Files.writeString(state.resolve(name + ".pid"), process.pid() + "\n");
    Files.writeString(Files.createDirectories(state.resolve("logs")).resolve(name + ".log"),
        "Starting Spark master at spark://127.0.0.1:7077\n");
    return process;
  }

  private Path hosts(String of, String... named) throws IOException {
    return Files.write(folder.resolve("state").resolve(of).resolve("hosts"), List.of(named));
  }

  /** Each has a first worker, and each was once told of the other. */
  @BeforeEach
  void twoHosts() throws IOException {
    OtherHosts.ssh(folder);
    daemon(thisMachine(), "master");
    daemon(thisMachine(), "worker-1");
    daemon("other", "worker-1");
    hosts("other", thisMachine(), "other");
  }

  @AfterEach
  void end() {
    daemons.forEach(Process::destroyForcibly);
  }

  @Test
  void eachHostHasDaemonsOfItsOwnAndOnlyTheFirstAsksOthers() throws Exception {
    hosts(thisMachine(), "other");
    Launcher.Ended status = script("status");
    assertThat(status.code()).as(status.err()).isZero();
    assertThat(status.out().lines()).hasSize(4).allMatch(line -> line.equals("other:") || line.contains("running"));
    assertThat(script("stop").out().lines()).containsExactly("other:",
        "  worker-1: ended (process " + daemons.get(2).pid() + ")",
        "worker-1: ended (process " + daemons.get(1).pid() + ")",
        "master: ended (process " + daemons.get(0).pid() + ")");
    assertThat(daemons).allSatisfy(d -> assertThat(d.onExit()).succeedsWithin(Duration.ofSeconds(20)));
    assertThat(script("status").code()).isEqualTo(3);
  }

  @Test
  void aHostThatWasNotReachedIsAskedAgainByTheNextStop() throws Exception {
    Path hosts = hosts(thisMachine(), "away", "other");
    assertThat(script("status").code()).isEqualTo(1);
    Launcher.Ended stopped = script("stop");
    assertThat(stopped.code()).isEqualTo(2);
    assertThat(stopped.err().lines()).singleElement().asString().contains("stop has failed on away,");
    assertThat(stopped.out()).contains("other:\n  worker-1: ended").contains("master: ended");
    assertThat(hosts).hasContent("away");
  }

  @Test
  void aLogThatWasRotatedHidesTheAddressAndNoDaemon() throws Exception {
    Files.delete(folder.resolve("state").resolve(thisMachine()).resolve("logs/master.log"));
    Launcher.Ended status = script("status");
    assertThat(status.code()).as(status.err()).isZero();
    assertThat(status.out().lines()).containsExactly("master: running (process " + daemons.get(0).pid() + ")",
        "worker-1: running (process " + daemons.get(1).pid() + ")");
  }
}
