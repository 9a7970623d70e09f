package dev.kindling.train.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * transformers is the oracle of where and how much is dropped out: golden/dropout.py had it compute with the masks that follow from
 * the same random numbers, a rate of its own for each kind of place.
 */
class GoldenDropoutTest {
  private static final File EXPECTED = new File("../golden/dropout.json");
  private static final DropoutRates RATES = new DropoutRates(0.1f, 0.2f, 0.3f, 0.4f);
  private static final CounterRandom RANDOM = CounterRandom.of(5, "micro-batch");

  private static JsonNode expected() throws IOException {
    return new ObjectMapper().readTree(EXPECTED);
  }

  static List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    expected().fieldNames().forEachRemaining(names::add);
    return names;
  }

  @ParameterizedTest
  @MethodSource("names")
  void whatIsDroppedWhereIsWhatTransformersDrops(String name) throws IOException {
    JsonNode expected = expected().get(name);
    for (TestKernels library : TestKernels.values()) {
      try (GoldenCase golden = GoldenCase.of(name);
          Kernels kernels = library.open(2);
          Sample<?> sample = golden.sample(golden.stored().withDropout(RATES), kernels, Precision.FLOAT32)) {
        Computed found = sample.computed(RANDOM);
        double labels = sample.batch().labels();
        Agreement.FLOAT32.check("loss", found.loss() / labels, expected.get("loss").asDouble());
        double squares = 0;
        for (float g : found.gradients()) squares += (double) g * g;
        Agreement.FLOAT32.check("gradient norm", Math.sqrt(squares) / labels, expected.get("gradientNorm").asDouble());
      }
    }
  }
}
