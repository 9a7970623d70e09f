package dev.kindling.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.config.ResolvedYaml;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoSettingsTest {
  private static DemoSettings with(String... overrides) {
    return Configuration.parse(DemoSettings.FILE, DemoSettings.packaged()).set(List.of(overrides))
        .as(DemoSettings.class);
  }

  @Test
  void thePackagedSettingsHoldAndReadBack() {
    DemoSettings settings = with();
    assertThat(settings.train().virtualRanks()).isEqualTo(8);
    assertThat(Configuration.parse("resolved", ResolvedYaml.write(settings)).as(DemoSettings.class))
        .isEqualTo(settings);
  }

  @Test
  void aRunThatIsCutShortWarmsUpForATenthOfIt() {
    assertThat(with("train.steps=20").pretraining("data", "run").schedule().warmupSteps()).isEqualTo(2);
    assertThat(with().pretraining("data", "run").schedule()).isEqualTo(with().schedule());
  }

  @Test
  void aDemoDoesNotStopHalfWay() {
    assertThatThrownBy(() -> with("train.stopAfter=5"))
        .hasMessageStartingWith("--set train.stopAfter is 5; it must be 0 in a demo");
  }

  @Test
  void anotherVersionMasterOrKernelsTrainAnew() {
    String before = with().trainingFingerprint("data", "1", "local[*]");
    assertThat(with("checkpoints.every=7").trainingFingerprint("data", "1", "local[*]")).isEqualTo(before);
    assertThat(List.of(with().trainingFingerprint("data", "1", "local-cluster[2,1,4096]"),
        with().trainingFingerprint("data", "2", "local[*]"), with().trainingFingerprint("other", "1", "local[*]"),
        with("cluster.kernels=plain").trainingFingerprint("data", "1", "local[*]"),
        with("cluster.ranks=1").trainingFingerprint("data", "1", "local[*]"),
        with("train.steps=20").trainingFingerprint("data", "1", "local[*]"))).doesNotContain(before)
        .doesNotHaveDuplicates();
  }

  @Test
  void somethingIsHeldOutToMeasureOn() {
    assertThatThrownBy(() -> with("data.heldOutPercent=0"))
        .hasMessageStartingWith("--set data.heldOutPercent is 0.0; it must be above 0");
  }
}
