package dev.kindling.jobs.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.jobs.simulate.StepCosts.Complete;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Steps whose times were worked out by hand. A vector has 8 pieces of 1 MiB; a link of 1 MiB a second takes one a second. */
class StepModelTest {
  private static final Offset<Double> EXACTLY = within(1e-9);
  private static final long PIECE = StepModel.PIECE / 4;
  private static final long SIZE = 8 * PIECE;
  private static final double LINK = StepModel.PIECE;
  private static final List<Complete> AT_THE_END = List.of(new Complete(1, 0));
  private static final Scheme EXACT = new Scheme.Exact();
  private static final Scheme BF16 = new Scheme.Coded("bf16", 2, 0, 0);

  /** A micro-batch takes 8 seconds; messages, sums and updates take none. */
  private static StepCosts free(List<Complete> completion, long rounded) {
    return new StepCosts(SIZE, rounded, 8, 8, completion, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  private static StepTime step(StepCosts costs, Cluster cluster, int virtualRanks, int accumulate, Scheme scheme) {
    return new StepModel(costs, cluster, virtualRanks, accumulate).of(scheme);
  }

  private static Cluster linked(int executors) {
    return new Cluster(executors, 1, LINK, 0);
  }

  @Test
  void aloneThereIsNothingButWork() {
    StepCosts costs = new StepCosts(1000, 500, 1, 2, AT_THE_END, 2e-3, 9, 9, 3e-3, 4e-3, 9, 9, 9);
    // 4 virtual ranks of 3 micro-batches, the first of which takes 1 second and each other 2; 3 times added; by two cores
    StepTime time = step(costs, new Cluster(1, 2, LINK, 9), 4, 3, EXACT);
    assertThat(time.compute()).isCloseTo((4 * (1 + 2 * 2) + 3 * 2) / 2.0, EXACTLY);
    assertThat(time.update()).isCloseTo((3 + 4) / 2.0, EXACTLY);
    assertThat(time.networkShare()).isZero();
  }

  @Test
  void gradientsThatAreCompleteAtTheEndLeaveThen() {
    StepTime time = step(free(AT_THE_END, 0), linked(2), 2, 1, EXACT);
    assertThat(time.compute()).isEqualTo(8);
    assertThat(time.reduce()).isCloseTo(4, EXACTLY);       // a half each way
    assertThat(time.gather()).isCloseTo(4, EXACTLY);
    assertThat(time.total()).isCloseTo(16, EXACTLY);
    assertThat(time.networkShare()).isCloseTo(0.5, EXACTLY);
  }

  @Test
  void whatIsCompleteBeforeIsHiddenByTheWayBack() {
    // the second executor's half leaves from second 4 to 8, the first one's from 8 to 12
    List<Complete> halves = List.of(new Complete(0.5, SIZE / 2), new Complete(1, 0));
    assertThat(step(free(halves, 0), linked(2), 2, 1, EXACT).reduce()).isCloseTo(4, EXACTLY);
    // four pieces from 4 to 8; one from 6 to 7; three from 8 to 11
    List<Complete> more = List.of(new Complete(0.5, SIZE / 2), new Complete(0.75, 3 * PIECE), new Complete(1, 0));
    assertThat(step(free(more, 0), linked(2), 2, 1, EXACT).reduce()).isCloseTo(3, EXACTLY);
  }

  @Test
  void anOwnersLinkIsAQueueOfWhatAllOthersSend() {
    // 4 executors own two pieces each; three others send each: 6 seconds, at the same time for all owners
    assertThat(step(free(AT_THE_END, 0), linked(4), 4, 1, EXACT).reduce()).isCloseTo(6, EXACTLY);
    // complete one shard after the other, two seconds apart: 6 seconds each, the last from 8 to 14
    List<Complete> quarters = List.of(new Complete(0.25, 6 * PIECE), new Complete(0.5, 4 * PIECE),
        new Complete(0.75, 2 * PIECE), new Complete(1, 0));
    assertThat(step(free(quarters, 0), linked(4), 4, 1, EXACT).reduce()).isCloseTo(6, EXACTLY);
  }

  @Test
  void anExecutorSendsAVectorForEachWholeSubtreeThatItHolds() {
    // V = 6 on 2: [0,3) is [0,2) and [2,3), [3,6) is [3,4) and [4,6): two vectors each way of half the size
    StepTime time = step(free(AT_THE_END, 0), linked(2), 6, 1, EXACT);
    assertThat(time.compute()).isEqualTo(24);
    assertThat(time.reduce()).isCloseTo(8, EXACTLY);
    assertThat(time.gather()).isCloseTo(4, EXACTLY);
    // coded gradients are added before, which an executor may do in its own order then
    assertThat(step(free(AT_THE_END, 0), linked(2), 6, 1, BF16).reduce()).isCloseTo(2, EXACTLY);
  }

  @Test
  void bytesCostTheCoresThatCompute() {
    // two seconds of a core a piece; four pieces out and four in; two cores. The links are fast
    double seconds = 2.0 / StepModel.PIECE;
    StepCosts costs = new StepCosts(SIZE, 0, 8, 8, List.of(new Complete(0, 0)), 0, 0, 0, 0, 0, seconds, 0, 0);
    StepTime time = step(costs, new Cluster(2, 2, 1e15, 0), 2, 1, EXACT);
    assertThat(time.compute()).isEqualTo(4);
    assertThat(time.reduce()).isCloseTo(4, EXACTLY);       // all could leave at once: 4 of 8 seconds are hidden by nothing
    assertThat(time.gather()).isCloseTo(8, EXACTLY);       // one connection, one core
  }

  @Test
  void smallShardsCostMessages() {
    // 8 shards of a piece each, cut in two: 16 executors send 15 messages for 7.5 pieces' bytes
    StepCosts costs = new StepCosts(SIZE, 0, 8, 8, AT_THE_END, 0, 0, 0, 0, 0, 1e-12, 2, 0);
    StepTime time = step(costs, new Cluster(16, 1, 1e15, 0), 16, 1, EXACT);
    double bytes = 7.5 * StepModel.PIECE * 1e-12;
    assertThat(time.gather()).isCloseTo(bytes + 7.5 * 2, EXACTLY);
    assertThat(time.reduce()).isCloseTo(bytes + 7.5 * 2 + 15 * 2, EXACTLY);      // and the losses and norms
  }

  @Test
  void callsAndDistancesAddUp() {
    StepCosts costs = new StepCosts(SIZE, 0, 8, 8, AT_THE_END, 0, 0, 0, 0, 0, 0, 0, 0.25);
    StepTime time = step(costs, new Cluster(2, 1, LINK, 0.5), 2, 1, EXACT);
    assertThat(time.reduce()).isCloseTo(4 + 0.25 + 0.5 + 0.5, EXACTLY);
    assertThat(time.gather()).isCloseTo(4 + 0.25 + 0.5, EXACTLY);
    assertThat(step(costs, new Cluster(2, 1, LINK, 0.5), 2, 1, BF16).reduce()).isCloseTo(2 + 0.25 + 0.5 + 0.5, EXACTLY);
  }

  @Test
  void roundedWeightsComeBackWithHalfTheBytes() {
    // half of them are rounded, a second for all; the others are copied, three seconds for all
    StepCosts costs = new StepCosts(SIZE, SIZE / 2, 8, 8, AT_THE_END, 0, 1.0 / SIZE, 3.0 / SIZE, 0, 0, 0, 0, 0);
    StepTime time = step(costs, linked(2), 2, 1, EXACT);
    assertThat(time.gather()).isCloseTo(3, EXACTLY);
    assertThat(time.update()).isCloseTo(0.5 + 1.5, EXACTLY);
    // where nothing is rounded all come and go in their own places
    StepCosts whole = new StepCosts(SIZE, 0, 8, 8, AT_THE_END, 0, 1.0 / SIZE, 3.0 / SIZE, 0, 0, 0, 0, 0);
    assertThat(step(whole, linked(2), 2, 1, EXACT).update()).isZero();
  }

  @Test
  void codingIsNoPartOfWhatTheNetworkTakes() {
    // of 6 virtual ranks two sums each: a second to add them, 2 + 1 to code and decode the other half; 2 seconds for its bytes
    StepCosts costs = new StepCosts(SIZE, 0, 8, 8, AT_THE_END, 1.0 / SIZE, 0, 0, 0, 0, 0, 0, 0);
    Scheme coded = new Scheme.Coded("bf16", 2, 4.0 / SIZE, 2.0 / SIZE);
    StepTime time = step(costs, linked(2), 6, 1, coded);
    assertThat(time.compute()).isCloseTo(24 + 1, EXACTLY);
    assertThat(time.coding()).isCloseTo(1 + 3, EXACTLY);
    assertThat(time.reduce()).isCloseTo(2, EXACTLY);
    assertThat(time.gather()).isCloseTo(4, EXACTLY);
    assertThat(time.total()).isCloseTo(35, EXACTLY);
    assertThat(time.networkShare()).isCloseTo(6.0 / 35, EXACTLY);
  }

  @Test
  void everyExecutorUpdatesItsShardOrWhereTheyLearnApartEverything() {
    StepCosts costs = new StepCosts(SIZE, 0, 8, 8, AT_THE_END, 0, 0, 0, 6.0 / SIZE, 1.0 / SIZE, 0, 0, 0);
    assertThat(step(costs, linked(2), 2, 1, EXACT).update()).isCloseTo(3 + 1, EXACTLY);
    StepTime local = step(costs, linked(2), 2, 1, new Scheme.Local(4));
    assertThat(local.update()).isCloseTo(6 + 1, EXACTLY);
    assertThat(local.reduce()).isCloseTo(2 / 4.0, EXACTLY);             // bf16
    assertThat(local.gather()).isCloseTo(4 / 4.0, EXACTLY);
  }

  @Test
  void executorsThatShareCoresShareTheirTime() {
    StepCosts costs = free(AT_THE_END, 0);
    assertThat(step(costs, Cluster.onOneMachine(4, 1, 2), 4, 1, EXACT).compute()).isEqualTo(16);
    assertThat(step(costs, Cluster.onOneMachine(2, 1, 2), 4, 1, EXACT).compute()).isEqualTo(16);
    assertThat(step(costs, Cluster.onOneMachine(1, 2, 2), 4, 1, EXACT).compute()).isEqualTo(16);
  }

  @Test
  void codingPaysBelowTheLinkWhoseBytesItSavesTakeAsLong() {
    // 2 of 4 pieces are saved each way, 2 seconds on a link of a piece a second; coding and decoding 4 pieces takes 0.5
    Scheme coded = new Scheme.Coded("bf16", 2, 0.75 / SIZE, 0.25 / SIZE);
    double gigabits = Crossover.gigabits(free(AT_THE_END, 0), linked(2), 2, 1, coded, EXACT);
    assertThat(gigabits).isCloseTo(4 * LINK * 8 / 1e9 * 1538 / 1448, within(1e-6));
    assertThat(Crossover.gigabits(free(AT_THE_END, 0), linked(2), 2, 1, BF16, EXACT)).isInfinite();
    assertThat(Crossover.gigabits(free(AT_THE_END, 0), linked(2), 2, 1, EXACT, BF16)).isZero();
  }

  @Test
  void gradientsBecomeCompleteInTheEnd() {
    assertThatThrownBy(() -> free(List.of(new Complete(0.5, 1)), 0)).isInstanceOf(IllegalArgumentException.class);
  }
}
