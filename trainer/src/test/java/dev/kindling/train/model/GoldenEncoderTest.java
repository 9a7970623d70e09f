package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Hugging Face and PyTorch are the oracle. */
class GoldenEncoderTest {
  private static final List<String> NAMES = List.of("bert-mlm", "bert-classify", "bert-multilabel", "bert-regress",
      "bert-tokens", "distilbert-mlm", "roberta-mlm");

  static Stream<Arguments> cases() {
    List<Arguments> all = new ArrayList<>();
    for (TestKernels kernels : TestKernels.values()) {
      for (String name : NAMES) {
        for (Precision precision : Precision.values()) all.add(Arguments.of(name, kernels, precision));
      }
    }
    return all.stream();
  }

  static Stream<String> names() {
    return NAMES.stream();
  }

  private static Agreement rule(Precision precision, Agreement bfloat16) {
    return precision == Precision.FLOAT32 ? Agreement.FLOAT32 : bfloat16;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsAgreeWhereTheInputIsNoPadding(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        EncoderModel model = golden.encoder(golden.stored(), kernels, precision)) {
      EncoderBatch batch = golden.texts();
      float[] found = model.logits(batch);
      float[] expected = golden.values("output.logits");
      int each = expected.length / batch.inputs().length;        // 0: logits are of texts
      for (int i = 0; each > 0 && i < batch.inputs().length; i++) {
        if (!batch.isPadding(i)) continue;
        for (int v = 0; v < each; v++) found[i * each + v] = expected[i * each + v] = 0;
      }
      rule(precision, Agreement.BFLOAT16).check("logits", found, expected, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndEveryGradientAgree(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        EncoderModel model = golden.encoder(golden.stored(), kernels, precision)) {
      EncoderBatch batch = golden.texts();
      golden.check(model, batch, rule(precision, Agreement.BFLOAT16_LOSS), rule(precision, Agreement.BFLOAT16));
      assertThat(model.loss(batch)).isEqualTo(Computed.of(model, batch).loss());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void whatIsWrittenReadsBackToTheSameLogits(String name, @TempDir Path out) throws Exception {
    org.apache.hadoop.fs.Path written = new org.apache.hadoop.fs.Path(out.resolve("model").toUri());
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = TestKernels.PLAIN.open(1);
        EncoderModel model = golden.encoder(golden.stored(), kernels, Precision.FLOAT32)) {
      golden.check(model, written, (config, weights) -> {
        try (EncoderModel read = EncoderModel.load((BertConfig) config, weights, kernels, Precision.FLOAT32)) {
          assertThat(read.logits(golden.texts())).isEqualTo(model.logits(golden.texts()));
        }
      });
    }
  }
}
