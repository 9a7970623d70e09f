package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.SpanCorruption;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of 6 inputs, two of them whole; the third holds 3 tokens, the rest only fills it up. */
class RowObjectivesTest {
  private static final int TIME = 6;
  private static final long[] ROWS = {1, 2};
  @TempDir
  Path folder;

  private PackedDataset dataset() throws Exception {
    return TinyDataset.write(folder, 2 * TIME + 2, 8);
  }

  @Test
  void maskedWordsComeFromTheTokensThatAreThere() throws Exception {
    PackedDataset dataset = dataset();
    RowObjective<EncoderBatch> objective = RowObjectives
        .maskedWords(new MaskedWords(99, 98, 50, Set.of(), 0.5), 7);
    EncoderBatch batch = objective.batch(dataset, ROWS, 3);
    assertThat(batch.time()).isEqualTo(TIME);
    assertThat(batch.lengths()).containsExactly(TIME, dataset.targets(2) + 1);
    for (int i = 0; i < batch.targets().length; i++) {
      int[] tokens = dataset.tokens(ROWS[i / TIME]);
      if (batch.isPadding(i)) assertThat(batch.inputs()[i]).isEqualTo(98);
      else if (batch.targets()[i] != Kernels.IGNORED) assertThat(batch.targets()[i]).isEqualTo(tokens[i % TIME]);
      else assertThat(batch.inputs()[i]).isEqualTo(tokens[i % TIME]);
    }
    assertThat(objective.batch(dataset, ROWS, 3).inputs()).isEqualTo(batch.inputs());
    assertThat(batch.labels()).isEqualTo(3 + Math.round((dataset.targets(2) + 1) * 0.5));
  }

  @Test
  void spansAreCutOutOfTheTokensThatAreThere() throws Exception {
    PackedDataset dataset = dataset();
    Seq2SeqBatch batch = RowObjectives.spans(SpanCorruption.of(200, 90, 91), 7).batch(dataset, ROWS, 3);
    assertThat(batch.inputs()).as("one token of each is cut out, and a span stands last").containsExactly(6, 7, 8, 9,
        10,
        199, 91, 12, 13, 199, 91, 90, 90, 90);
    assertThat(batch.lengths()).containsExactly(7, 4);
    assertThat(batch.targets()).containsExactly(199, 11, 91, 199, 14, 91);
    assertThat(batch.decoderInputs()).containsExactly(90, 199, 11, 90, 199, 14);
  }
}
