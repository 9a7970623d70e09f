package dev.kindling.train.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.GoldenCase;
import dev.kindling.train.model.TestKernels;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way of a user who brings a GPT-2 that {@code save_pretrained} wrote; transformers' own generation is the oracle. */
class HuggingFaceFolderTest {
  @ParameterizedTest
  @CsvSource({"gpt2, PLAIN", "gpt2, BEST", "gpt2-one-token, PLAIN", "gpt2-one-token, BEST"})
  void itIsContinuedAsTransformersDoes(String name, TestKernels library) {
    int[] text, prompt;
    try (GoldenCase golden = GoldenCase.of(name)) {
      text = golden.ids("output.greedy");
      prompt = Arrays.copyOf(text, golden.batch().time());
    }
    Path path = new Path(new File("../golden/cases", name).getAbsoluteFile().toURI());
    try (ModelFolder folder = ModelFolder.open(new Configuration(), path);
        Kernels kernels = library.open(1);
        DecoderModel model = DecoderModel.load((DecoderConfig) folder.config(), folder.weights(), kernels,
            Precision.FLOAT32)) {
      Generation found = Generator.generate(model, prompt, text.length - prompt.length, folder.endTokens(),
          Sampler.greedy());
      assertThat(found.after(prompt)).containsExactly(text);
      assertThat(text).hasSizeGreaterThan(prompt.length + 8);
    }
  }
}
