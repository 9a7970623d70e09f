package dev.kindling.train.objective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.model.Seq2SeqBatch;
import java.util.List;
import org.junit.jupiter.api.Test;

class SequenceToSequenceTest {
  @Test
  void theDecoderReadsTheStartTokenAndThenWhatItWasToSay() {
    Seq2SeqBatch batch = new SequenceToSequence(7, 0).batch(List.of(new int[]{11, 12, 13}, new int[]{21}),
        List.of(new int[]{31, 1}, new int[]{41, 42, 43, 1}), new long[]{5, 6});
    assertThat(batch.inputs()).containsExactly(11, 12, 13, 21, 0, 0);
    assertThat(batch.lengths()).containsExactly(3, 1);
    assertThat(batch.decoderInputs()).containsExactly(7, 31, 1, 0, 7, 41, 42, 43);
    assertThat(batch.targets()).containsExactly(31, 1, -100, -100, 41, 42, 43, 1);
    assertThat(batch.labels()).isEqualTo(6);
    assertThat(batch.tokens()).isEqualTo(14);
  }
}
