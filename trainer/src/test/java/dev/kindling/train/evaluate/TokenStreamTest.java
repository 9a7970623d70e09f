package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.loop.TinyDataset;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenStreamTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 6, 7, 60, 61})
  void theRowsGiveBackTheStreamThatTheyWereCutFrom(int targets, @TempDir Path folder) throws IOException {
    PackedDataset dataset = TinyDataset.write(folder, targets, 4);
    assertThat(TokenStream.of(dataset)).isEqualTo(TinyDataset.stream(targets));
    HeldOutRows rows = HeldOutRows.of(dataset);
    assertThat(rows.batch(0, (int) rows.rows()).labels()).isEqualTo(targets);
  }
}
