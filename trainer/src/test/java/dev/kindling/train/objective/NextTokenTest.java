package dev.kindling.train.objective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.model.Batch;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class NextTokenTest {
  @Test
  void eachPositionIsToSayTheTokenAfterIt() {
    Batch batch = NextToken.batch(List.of(new int[]{1, 2, 3}, new int[]{4, 5, 6}), new long[]{7, 9});
    assertThat(batch.rows()).isEqualTo(2);
    assertThat(batch.time()).isEqualTo(2);
    assertThat(batch.inputs()).containsExactly(1, 2, 4, 5);
    assertThat(batch.targets()).containsExactly(2, 3, 5, 6);
    assertThat(batch.sampleIds()).containsExactly(7, 9);
    assertThat(batch.labels()).isEqualTo(4);
  }

  @Test
  void perplexityIsOverAllLabelsTogether() {
    // one label of loss 3 and three of loss 1: the mean is 1.5, not the 2.0 of a mean of means
    assertThat(NextToken.perplexity(3.0 + 3 * 1.0, 4)).isCloseTo(Math.exp(1.5), Offset.offset(1e-12));
  }
}
