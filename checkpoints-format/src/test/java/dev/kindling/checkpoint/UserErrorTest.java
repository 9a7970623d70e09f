package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class UserErrorTest {
  @Test
  void itIsOneLineWhateverItQuotes() {
    assertThat(new UserError("a.gguf:\n  name \u001b[31m\r\nend").getMessage())
        .isEqualTo("a.gguf: name \uFFFD[31m end");
    assertThat(new UserError("x".repeat(1 << 20)).getMessage()).hasSize(2_003);
  }

  @Test
  void aValueThatIsNotAllowedIsToldWithItsKey() {
    assertThatThrownBy(() -> UserError.require(false, "schedule.peak", -1, "a positive learning rate"))
        .isInstanceOf(UserError.class).hasMessage("schedule.peak is -1; it must be a positive learning rate");
  }
}
