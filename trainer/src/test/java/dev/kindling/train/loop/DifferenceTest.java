package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.train.tensor.Precision;
import org.junit.jupiter.api.Test;

class DifferenceTest {
  @Test
  void aModelOfAnotherWidthIsToldByTheWidth() {
    assertThat(Difference.of("model", Gpt2Config.of(100, 16, 64, 2, 2).toString(),
        Gpt2Config.of(100, 16, 48, 2, 2).toString())).isEqualTo(new Difference("model.width", "64", "48"));
  }

  @Test
  void aPartOfAPartIsToldByItsPath() {
    String four = LlamaConfig.of(LlamaFamily.LLAMA, 100, 16, 64, 2, 4, 4, 128).toString();
    String two = LlamaConfig.of(LlamaFamily.LLAMA, 100, 16, 64, 2, 4, 2, 128).toString();
    Difference found = Difference.of("model", four, two);
    assertThat(found.key()).startsWith("model.attention.");
    assertThat(found.before()).isEqualTo("4");
    assertThat(found.after()).isEqualTo("2");
  }

  @Test
  void anotherKindOfModelIsToldByItsName() {
    assertThat(Difference.of("model", Gpt2Config.of(100, 16, 64, 2, 2).toString(),
        LlamaConfig.of(LlamaFamily.LLAMA, 100, 16, 64, 2, 2, 2, 128).toString()))
        .isEqualTo(new Difference("model", "Gpt2Config", "LlamaConfig"));
  }

  @Test
  void aPrecisionIsToldAsItsSettingIsWritten() {
    assertThat(Difference.of("train.precision", Precision.FLOAT32.name(), Precision.BFLOAT16.name()))
        .isEqualTo(new Difference("train.precision", "float32", "bf16"));
  }

  @Test
  void whatIsNoRecordIsToldAsItIs() {
    assertThat(Difference.of("seed", "1", "2")).isEqualTo(new Difference("seed", "1", "2"));
    assertThat(Difference.of("x", "A[1, 2]", "A[1, 3]")).isEqualTo(new Difference("x", "A[1, 2]", "A[1, 3]"));
  }
}
