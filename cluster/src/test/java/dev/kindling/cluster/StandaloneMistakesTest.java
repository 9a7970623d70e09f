package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code cluster/standalone} says where it cannot do what it is told: one line, before anything is started. */
class StandaloneMistakesTest {
  @TempDir
  Path folder;

  private Launcher script(String name) {
    return new Launcher(Launcher.ROOT.resolve("cluster/standalone").resolve(name), folder)
        .with("KINDLING_CLUSTER_DIR", folder.resolve("state").toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"start", "stop", "status"})
  void helpTeachesEachScript(String name) throws Exception {
    Launcher.Ended ended = script(name).run("--help");
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("cluster/standalone/" + name);
    assertThat(ended.err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "--port|70x|--port is 70x; it must be a number from 1 to 65535",
      "--port|99999|--port is 99999; it must be a number from 1 to 65535",
      "--workers|-1|--workers is -1; it must be a number from 0 to 999",
      "--memory|8|--memory is 8; it must be a size such as 4096m or 8g",
      "--master|10.0.0.1:7077|--master is 10.0.0.1:7077; it must be spark://HOST:PORT",
      "--prot|7077|--prot is not an option; see --help",
      "--host|nowhere.invalid|--host nowhere.invalid cannot be resolved; give a name or an address",
      "--master|spark://nowhere.invalid:7077|the host of --master nowhere.invalid cannot be resolved",
      "--master|spark://127.0.0.1:1|nothing answers at --master spark://127.0.0.1:1; start a master there first"})
  void aWrongOptionIsOneLineAndExitCode2(String option, String value, String told) throws Exception {
    Launcher.Ended ended = script("start").run(option, value);
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().startsWith("kindling: standalone/start: ")
        .contains(told);
    assertThat(ended.out()).isEmpty();
  }

  @Test
  void aPortThatIsTakenIsToldWithWhatToDo() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Launcher.Ended ended = script("start").run("--host", "127.0.0.1", "--port", "" + taken.getLocalPort());
      assertThat(ended.code()).isEqualTo(2);
      assertThat(ended.err().lines()).singleElement().asString()
          .contains("--port " + taken.getLocalPort() + " is in use at 127.0.0.1").contains("give another --port");
    }
  }

  @Test
  void whereNothingWasStartedStatusSaysSoAndStopHasNothingToDo() throws Exception {
    Launcher.Ended status = script("status").run();
    assertThat(status.code()).isEqualTo(3);
    assertThat(status.out()).isEqualToIgnoringNewLines("no master and no workers were started here");
    assertThat(script("stop").run().code()).isZero();
    assertThat(script("stop").run("worker-7").err()).contains("worker-7 is none of ours");
  }
}
