package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.VirtualRankTree;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where a rank listens. */
@Timeout(120)
class PortsTest {
  @Test
  void aFullRangeOfPortsIsToldWithTheSetting() throws Exception {
    try (Ranks ranks = new Ranks(1, 1, Map.of())) {
      int taken = Integer.parseInt(ranks.addresses().get(0).split(":")[1]);
      Link link = Ranks.link(Map.of(), Ranks.SECRET, 1);
      Link full = new Link(link.conf(), link.user(), link.secrets(), link.host(), new PortRange(taken, taken),
          link.silence(), 1);
      assertThatThrownBy(() -> SparkCommunicator.listen(0, 1, new VirtualRankTree(1), full))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("cluster.port");
    }
  }

  /** As a rank does that tries again. */
  @Test
  void aFullRangeOfPortsLeavesNothingOpen() throws Exception {
    try (Ranks ranks = new Ranks(1, 1, Map.of())) {
      int taken = Integer.parseInt(ranks.addresses().get(0).split(":")[1]);
      Link link = Ranks.link(Map.of(), Ranks.SECRET, 1);
      Link full = new Link(link.conf(), link.user(), link.secrets(), link.host(), new PortRange(taken, taken),
          link.silence(), 1);
      long before = openFiles();
      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(() -> SparkCommunicator.listen(0, 1, new VirtualRankTree(1), full))
            .isInstanceOf(UserError.class);
      }
      assertThat(openFiles()).isLessThan(before + 20);
    }
  }

  /** Once event loops that were told to end have done so, for which they take two seconds. */
  private static long openFiles() throws InterruptedException {
    UnixOperatingSystemMXBean system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long last = system.getOpenFileDescriptorCount();
    for (int i = 0; i < 10; i++) {
      Thread.sleep(3_000);
      long now = system.getOpenFileDescriptorCount();
      if (now == last) break;
      last = now;
    }
    return last;
  }

  @Test
  void rangesOfPortsAreRead() {
    assertThat(PortRange.parse("7400-7450")).isEqualTo(new PortRange(7400, 7450));
    assertThatThrownBy(() -> PortRange.parse("7450-7400")).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> PortRange.parse("http")).isInstanceOf(UserError.class);
  }
}
