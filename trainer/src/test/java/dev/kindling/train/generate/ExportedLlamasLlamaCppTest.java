package dev.kindling.train.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.HeadShape;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.Rope;
import dev.kindling.checkpoint.RopeScaling;
import dev.kindling.checkpoint.gguf.GgufType;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.DecoderModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** llama.cpp reads our exports of Llama's kin and continues 100 prompts as our engine does. */
class ExportedLlamasLlamaCppTest {
  private static final int NEW_TOKENS = 64;
  private static final int PROMPTS = 100;
  /** Two logits so near may change places. */
  private static final double NEAR = 5e-3;

  static Stream<Arguments> models() {
    LlamaConfig llama = of(LlamaFamily.LLAMA);
    HeadShape shape = llama.attention();
    HeadShape wide = new HeadShape(4, 2, 32, false, false, shape.windows(), 32, 0);
    HeadShape biased = new HeadShape(4, 2, 16, true, true, shape.windows(), 16, 0);
    Rope linear = new Rope(10_000, 1, ExportedModel.CONTEXT / 2, new RopeScaling.Linear(2));
    return Stream.of(Arguments.of("llama, grouped heads", llama),
        Arguments.of("llama, tied head, wide heads", llama.withTiedHead(true).withAttention(wide)),
        Arguments.of("llama, biases", llama.withAttention(biased)),
        Arguments.of("llama, linear scaling", llama.withRope(linear)),
        Arguments.of("llama, yarn, wide heads", llama.withAttention(wide).withRope(yarn(2))),
        Arguments.of("qwen2, yarn", of(LlamaFamily.QWEN2).withRope(yarn(4))),
        Arguments.of("mistral without window", of(LlamaFamily.MISTRAL)),
        Arguments.of("qwen2", of(LlamaFamily.QWEN2).withTiedHead(true)));
  }

  /** Some of the frequencies are kept, some divided, some between; texts go beyond the original length. */
  private static Rope yarn(int factor) {
    return new Rope(10_000, 1, ExportedModel.CONTEXT, new RopeScaling.Yarn(factor,
        RopeScaling.Yarn.usualTemperature(factor, 1), 32, 1, ExportedModel.CONTEXT / factor, true));
  }

  private static LlamaConfig of(LlamaFamily kind) {
    return LlamaConfig.of(kind, ExportedModel.VOCABULARY, ExportedModel.CONTEXT, ExportedModel.WIDTH, 2, 4, 2, 160);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void llamaCppContinuesAsWeDoTokenForTokenExceptBetweenNearLogits(String name, LlamaConfig config,
      @TempDir Path folder) throws IOException {
    ExportedModel exported = ExportedModel.write(folder, config);
    List<int[]> prompts = exported.pieces(PROMPTS);
    List<Generation> ours;
    try (Kernels kernels = KernelLibraries.best(1); DecoderModel model = exported.open(kernels)) {
      ours = Generator.generate(model, prompts, NEW_TOKENS, List.of(), Sampler.greedy());
    }
    assertThat(ours).allSatisfy(g -> assertThat(g.tokens()).hasSize(NEW_TOKENS));
    assertThat(ours.stream().flatMap(g -> g.tokens().stream()).distinct().count()).isGreaterThan(100);
    List<Parting> partings = Parting.all(exported, GgufType.F32, prompts, ours);
    assertThat(partings).allSatisfy(parting -> assertThat(parting.gap()).isLessThanOrEqualTo(NEAR));
    assertThat(partings).hasSizeLessThanOrEqualTo(PROMPTS * NEW_TOKENS / 100);
  }
}
