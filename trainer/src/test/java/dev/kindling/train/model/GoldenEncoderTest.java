package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
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

  private static ModelFolder folder(String name) {
    File file = new File("../golden/cases", name);
    return ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(file.toURI()));
  }

  private static EncoderModel model(ModelFolder folder, Kernels kernels, Precision precision) {
    return EncoderModel.load((BertConfig) folder.config(), folder.weights(), kernels, precision);
  }

  private static Agreement rule(Precision precision, Agreement bfloat16) {
    return precision == Precision.FLOAT32 ? Agreement.FLOAT32 : bfloat16;
  }

  private static EncoderBatch batch(String name, GoldenCase golden) {
    int[] ids = golden.ids("input.input_ids");
    int[] mask = golden.ids("input.attention_mask");
    int rows = 4;
    int time = ids.length / rows;
    int[] lengths = new int[rows];
    for (int i = 0; i < mask.length; i++) lengths[i / time] += mask[i];
    int[] types = golden.has("input.token_type_ids") ? golden.ids("input.token_type_ids") : null;
    boolean scored = name.equals("bert-multilabel") || name.equals("bert-regress");
    return new EncoderBatch(rows, time, ids, types, lengths, scored ? null : golden.ids("input.labels"),
        scored ? golden.values("input.labels") : null, new long[rows]);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsAgreeWhereTheInputIsNoPadding(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        ModelFolder folder = folder(name);
        Kernels kernels = library.open(2);
        EncoderModel model = model(folder, kernels, precision)) {
      EncoderBatch batch = batch(name, golden);
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
        ModelFolder folder = folder(name);
        Kernels kernels = library.open(2);
        EncoderModel model = model(folder, kernels, precision);
        Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
      EncoderBatch batch = batch(name, golden);
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      double loss = model.accumulate(batch, gradients) / batch.labels();
      rule(precision, Agreement.BFLOAT16_LOSS).check("loss", loss, golden.values("output.loss")[0]);
      assertThat(model.loss(batch) / batch.labels()).isEqualTo(loss);
      double largest = golden.largestGradient();
      assertThat(model.layout().parameters()).hasSize(golden.gradients());
      for (Parameter p : model.layout().parameters()) {
        float[] found = p.in(gradients).toFloats();
        for (int i = 0; i < found.length; i++) found[i] /= batch.labels();
        rule(precision, Agreement.BFLOAT16).check(p.name(), found, golden.values("grad." + p.name()), largest);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void whatIsWrittenReadsBackToTheSameLogits(String name, @TempDir Path out) throws Exception {
    org.apache.hadoop.fs.Path written = new org.apache.hadoop.fs.Path(out.resolve("model").toUri());
    try (GoldenCase golden = GoldenCase.of(name);
        ModelFolder folder = folder(name);
        Kernels kernels = TestKernels.PLAIN.open(1);
        EncoderModel model = model(folder, kernels, Precision.FLOAT32)) {
      ModelFolderWriter.export(new Configuration(), written, model.config(), model.weightSource(), null,
          ElementType.F32);
      try (ModelFolder again = ModelFolder.open(new Configuration(), written);
          EncoderModel read = model(again, kernels, Precision.FLOAT32)) {
        assertThat(again.config()).isEqualTo(folder.config());
        assertThat(read.logits(batch(name, golden))).containsExactly(model.logits(batch(name, golden)));
      }
    }
  }
}
