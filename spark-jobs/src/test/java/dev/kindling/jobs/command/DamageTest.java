package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DamageTest {
  private static List<String> files(int damaged) {
    return IntStream.range(0, damaged).mapToObj(i -> i + " is missing").toList();
  }

  @Test
  void ofManyDamagedFilesTheFirstAreNamedAndTheOthersCounted() {
    assertThatCode(() -> Damage.refuse(List.of())).doesNotThrowAnyException();
    assertThatThrownBy(() -> Damage.refuse(files(5))).isInstanceOf(UserError.class)
        .hasMessageEndingWith("3 is missing; 4 is missing");
    assertThatThrownBy(() -> Damage.refuse(files(1_205))).isInstanceOf(UserError.class)
        .hasMessage("0 is missing; 1 is missing; 2 is missing; 3 is missing; 4 is missing; and 1,200 more");
  }
}
