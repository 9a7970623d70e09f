package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Gpt2WeightsTest {
  private static final Gpt2Config CONFIG = Gpt2Config.of(301, 40, 64, 3, 4);

  private static DecoderModel create(Gpt2Config config, Kernels kernels, long seed) {
    return DecoderModel.create(config, kernels, Precision.FLOAT32, seed);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theWeightsAreThoseThatHuggingFaceNames(boolean tied) {
    Gpt2Config config = CONFIG.withTiedHead(tied);
    try (Kernels kernels = PlainKernels.of(1); DecoderModel model = create(config, kernels, 1)) {
      assertThat(model.weightSource().tensors()).isEqualTo(config.tensors());
      assertThat(model.layout().count()).isEqualTo(config.parameters());
    }
  }

  @Test
  void freshWeightsAreNormalAndThinnerWhereTheResidualStreamIsWritten() {
    try (Kernels kernels = PlainKernels.of(1); DecoderModel model = create(CONFIG, kernels, 1)) {
      for (Parameter p : model.layout().parameters()) {
        float[] values = p.in(model.weights()).toFloats();
        if (p.name().endsWith("bias")) assertThat(values).containsOnly(0f);
        else if (p.shape().length == 1) assertThat(values).containsOnly(1f);
        else checkNormal(p.name(), values, p.name().endsWith("c_proj.weight") ? 0.02 / Math.sqrt(6) : 0.02);
      }
    }
  }

  /** Mean, deviation, fourth moment and the share within one deviation, to five standard errors. */
  private static void checkNormal(String name, float[] values, double deviation) {
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    double within = 0;
    for (float value : values) {
      double z = value / deviation;
      sum += z;
      squares += z * z;
      fourth += z * z * z * z;
      if (Math.abs(z) < 1) within++;
    }
    double n = values.length;
    double root = Math.sqrt(n);
    assertThat(sum / n).as("mean of %s", name).isBetween(-5 / root, 5 / root);
    assertThat(squares / n - 1).as("variance of %s", name).isBetween(-5 * Math.sqrt(2) / root, 5 * Math.sqrt(2) / root);
    assertThat(fourth / n - 3).as("kurtosis of %s", name).isBetween(-5 * Math.sqrt(96) / root,
        5 * Math.sqrt(96) / root);
    assertThat(within / n - 0.682689).as("middle of %s", name).isBetween(-2.4 / root, 2.4 / root);
  }

  @Test
  void freshWeightsDependOnTheSeedAndNotOnThreads() {
    try (Kernels one = PlainKernels.of(1);
        Kernels three = PlainKernels.of(3);
        DecoderModel a = create(CONFIG, one, 1);
        DecoderModel b = create(CONFIG, three, 1);
        DecoderModel c = create(CONFIG, one, 2)) {
      assertThat(b.weights().toFloats()).isEqualTo(a.weights().toFloats());
      assertThat(c.weights().toFloats()).isNotEqualTo(a.weights().toFloats());
    }
  }

  /** Pinned: a change of these is a change of every run that ever started from a seed. */
  @Test
  void freshWeightsAreTheSameOnEveryMachine() {
    try (Kernels kernels = PlainKernels.of(1); DecoderModel model = create(CONFIG, kernels, 42)) {
      float[] tokens = model.weightSource().read("transformer.wte.weight");
      assertThat(Arrays.copyOf(tokens, 3)).containsExactly(-0.012066072f, 0.010854959f, 0.016435508f);
    }
  }

  @Test
  void aModelLoadsWhatAnotherHolds() {
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel a = create(CONFIG, kernels, 1);
        DecoderModel b = DecoderModel.load(CONFIG, a.weightSource(), kernels, Precision.FLOAT32);
        DecoderModel c = DecoderModel.load(CONFIG, new Renamed(a.weightSource(), "transformer.", ""), kernels,
            Precision.FLOAT32)) {
      assertThat(b.weights().toFloats()).isEqualTo(a.weights().toFloats());
      assertThat(c.weights().toFloats()).isEqualTo(a.weights().toFloats());
    }
  }

  @Test
  void aTensorThatIsMissingOrOfAnotherShapeIsNamed() {
    try (Kernels kernels = PlainKernels.of(1); DecoderModel a = create(CONFIG, kernels, 1)) {
      WeightSource tied = a.weightSource();
      assertThatThrownBy(() -> DecoderModel.load(CONFIG.withTiedHead(false), tied, kernels, Precision.FLOAT32))
          .isInstanceOf(UserError.class).hasMessageContaining("lm_head.weight");
      Gpt2Config longer = Gpt2Config.of(301, 41, 64, 3, 4);
      assertThatThrownBy(() -> DecoderModel.load(longer, tied, kernels, Precision.FLOAT32))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("transformer.wpe.weight").hasMessageContaining("[40, 64]")
          .hasMessageContaining("[41, 64]");
    }
  }

  @Test
  void aHeadOfItsOwnIsUsedAndATiedOneIsTheEmbedding() {
    Batch batch = Samples.batch(301, 9, 0, 9);
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel tied = create(CONFIG, kernels, 1);
        DecoderModel untied = create(CONFIG.withTiedHead(false), kernels, 1)) {
      assertThat(untied.logits(batch)).isNotEqualTo(tied.logits(batch));
      float[] embedding = tied.weightSource().read("transformer.wte.weight");
      untied.layout().parameter("lm_head.weight").in(untied.weights()).put(0, embedding, 0, embedding.length);
      untied.weightsChanged();
      assertThat(untied.logits(batch)).isEqualTo(tied.logits(batch));
    }
  }

  /** To any reader of GPT-2 it is one whose positions happen to be sines. */
  @Test
  void sinusoidalPositionsAreStoredButNeverLearned() {
    Gpt2Config config = CONFIG.withSinusoidalPositions();
    Batch batch = Samples.batch(301, 9, 0, 9);
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel model = create(config, kernels, 1);
        Training training = new Training(kernels, model)) {
      training.run(batch);
      assertThat(model.weightSource().tensors()).isEqualTo(config.tensors());
      assertThat(model.layout().parameters()).noneMatch(p -> p.name().contains("wpe"));
      float[] positions = model.weightSource().read("transformer.wpe.weight");
      assertThat(positions[0]).isZero();
      assertThat(positions[1]).isOne();
      assertThat(positions[3 * 64]).isCloseTo((float) Math.sin(3), Offset.offset(1e-6f));
      assertThat(positions[3 * 64 + 63]).isCloseTo((float) Math.cos(3 / Math.pow(10_000, 62 / 64.0)),
          Offset.offset(1e-6f));
      try (DecoderModel learned = DecoderModel.load(CONFIG, model.weightSource(), kernels, Precision.FLOAT32);
          DecoderModel again = DecoderModel.load(config, model.weightSource(), kernels, Precision.FLOAT32)) {
        assertThat(learned.logits(batch)).isEqualTo(model.logits(batch));
        assertThat(again.logits(batch)).isEqualTo(model.logits(batch));
      }
    }
  }

  /** Another's tensors under other names. */
  private record Renamed(WeightSource source, String prefix, String other) implements WeightSource {
    @Override
    public List<TensorSpec> tensors() {
      List<TensorSpec> all = new ArrayList<>();
      for (TensorSpec t : source.tensors()) all.add(t.named(other + t.name().substring(prefix.length())));
      return all;
    }

    @Override
    public void read(String name, long from, float[] into, int offset, int count) {
      source.read(prefix + name.substring(other.length()), from, into, offset, count);
    }
  }
}
