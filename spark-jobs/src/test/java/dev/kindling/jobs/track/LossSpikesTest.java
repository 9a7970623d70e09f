package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LossSpikesTest {
  private static LossSpikes afterOneToSixteen() {
    LossSpikes spikes = new LossSpikes(new WatchSettings(16, 5));
    for (int i = 1; i <= 16; i++) assertThat(spikes.next(i)).isNull();
    return spikes;
  }

  @Test
  void aLossFarAboveTheMedianStandsOut() {
    // median of 1..16 is 8.5, of the distances from it 4: five deviations are 5 * 1.4826 * 4 = 29.65 above
    assertThat(afterOneToSixteen().next(38)).isNull();
    LossSpikes.Spike spike = afterOneToSixteen().next(39);
    assertThat(spike.median()).isEqualTo(8.5);
    assertThat(spike.deviations()).isCloseTo((39 - 8.5) / (1.4826 * 4), org.assertj.core.api.Assertions.within(1e-9));
  }

  @Test
  void aSpikeHardlyMovesWhatTheNextIsHeldAgainst() {
    LossSpikes spikes = afterOneToSixteen();
    assertThat(spikes.next(1000)).isNotNull();
    assertThat(spikes.next(1000)).isNotNull();
  }

  @Test
  void aLossThatFallsNeverDoesAndNoneIsLookedForWithoutAWindow() {
    assertThat(afterOneToSixteen().next(-1000)).isNull();
    LossSpikes off = new LossSpikes(new WatchSettings(0, 5));
    for (int i = 0; i < 40; i++) assertThat(off.next(i == 39 ? 1e9 : 1)).isNull();
  }

  @Test
  void aSteadyLossIsHeldToAHundredthOfItself() {
    LossSpikes spikes = new LossSpikes(new WatchSettings(20, 5));
    for (int i = 0; i < 20; i++) spikes.next(2);
    assertThat(spikes.next(2.09)).isNull();
    assertThat(spikes.next(2.11)).isNotNull();
  }
}
