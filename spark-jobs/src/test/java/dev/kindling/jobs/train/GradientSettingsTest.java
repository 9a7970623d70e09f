package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.train.collective.EightBitCodec;
import dev.kindling.train.collective.Gradients;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GradientSettingsTest {
  private static PretrainConfig config(String... settings) {
    return Configuration.parse("pretrain.yaml", "dataset: data\nrun: run\n").set(List.of(settings))
        .as(PretrainConfig.class);
  }

  @ParameterizedTest
  @CsvSource({"exact,Exact", "bf16,Bfloat16", "eight-bit,EightBit", "threshold,Threshold", "top-k,TopK",
      "powersgd,PowerSgd", "local,Local"})
  void everyKindIsChosenByItsName(String name, String exchange) {
    assertThat(config("gradients.kind=" + name, "cluster.ranks=2").gradients().exchange().toString())
        .contains(exchange);
  }

  @Test
  void nothingSaidIsExactAndOnAnyNumberOfExecutors() {
    PretrainConfig config = config();
    assertThat(config.gradients().exchange()).isEqualTo(new Gradients.Exact());
    assertThat(config.gradients().keeping(config.cluster()).minRanks()).isEqualTo(1);
  }

  @Test
  void aNarrowRunNeedsANumberOfExecutorsAndWaitsForAsManyAfterALoss() {
    assertThatThrownBy(() -> config("gradients.kind=eight-bit")).isInstanceOf(UserError.class)
        .hasMessageContaining("cluster.ranks is 0").hasMessageContaining("gradients.kind eight-bit");
    PretrainConfig config = config("gradients.kind=eight-bit", "cluster.ranks=3");
    assertThat(config.gradients().exchange()).isEqualTo(new Gradients.Coded(new EightBitCodec()));
    assertThat(config.gradients().keeping(config.cluster()).minRanks()).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource({"gradients.threshold=0,gradients.threshold is 0", "gradients.share=1.5,gradients.share is 1.5",
      "gradients.rank=0,gradients.rank is 0", "gradients.localSteps=0,gradients.localSteps is 0",
      "gradients.outerMomentum=1,gradients.outerMomentum is 1",
      "gradients.outerRate=-1,gradients.outerRate is -1"})
  void aValueThatCannotBeIsToldByItsKey(String setting, String told) {
    assertThatThrownBy(() -> config(setting)).isInstanceOf(UserError.class).hasMessageContaining(told);
  }

  @Test
  void averagesOfWeightsThatDifferAreRefused() {
    assertThatThrownBy(() -> config("gradients.kind=local", "cluster.ranks=2", "average.decay=0.9"))
        .isInstanceOf(UserError.class).hasMessageContaining("average.decay is 0.9");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.evaluateEvery", "checkpoints.every"})
  void weightsOfNoMeetingAreNeitherEvaluatedNorStored(String key) {
    assertThatThrownBy(() -> config("gradients.kind=local", "cluster.ranks=2", key + "=7"))
        .isInstanceOf(UserError.class).hasMessageContaining(key + " is 7")
        .hasMessageContaining("a multiple of gradients.localSteps, 2");
    config("gradients.kind=local", "cluster.ranks=2", key + "=8");
    config("gradients.kind=local", "cluster.ranks=2", key + "=6", "gradients.localSteps=3");
    config("gradients.kind=eight-bit", "cluster.ranks=2", key + "=8");
  }
}
