package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Where a fast library is missing a run says so once, and learns the same. */
class MissingLibrariesTest {
  private static List<Double> all;

  @BeforeAll
  static void runWithAll() {
    List<String> lines = OwnJvm.same().run(FirstLosses.class, List.of("-Xmx256m"));
    assertThat(lines).noneMatch(line -> line.contains("WARN ")).anyMatch(
        line -> line.startsWith(FirstLosses.KERNELS + "oneDNN") && line.contains("Vector API"));
    all = losses(lines);
  }

  private static List<Double> losses(List<String> lines) {
    List<Double> losses = lines.stream().filter(line -> line.startsWith(FirstLosses.LOSS))
        .map(line -> Double.parseDouble(line.substring(FirstLosses.LOSS.length()))).toList();
    assertThat(losses).hasSize(3 * FirstLosses.models().size()).allMatch(Double::isFinite);
    return losses;
  }

  private static void assertSameLosses(List<String> lines) {
    List<Double> found = losses(lines);
    for (int i = 0; i < found.size(); i++) {
      double bound = i % 3 == 0 ? 1e-5 : 1e-4;             // the first step's, and those that follow from its gradients
      assertThat(found.get(i) / all.get(i)).as("loss %d", i).isCloseTo(1, within(bound));
    }
  }

  @Test
  void withoutTheVectorApiItTrainsAndWarnsOnce() {
    List<String> lines = OwnJvm.same().withoutVectorApi().run(FirstLosses.class, List.of("-Xmx256m"));
    assertThat(lines).anyMatch(
        line -> line.startsWith(FirstLosses.KERNELS + "oneDNN") && !line.contains("Vector API"));
    assertThat(lines.stream().filter(line -> line.contains("WARN ")).toList()).singleElement().asString()
        .contains("The Vector API is off", "1.5 times slower", "--add-modules jdk.incubator.vector");
    assertSameLosses(lines);
  }

  @Test
  void withoutOneDnnsNativeLibraryItTrainsAndWarnsOnce() {
    List<String> lines = OwnJvm.same().without("dnnl-.*-(linux|macosx|windows)-.*\\.jar")
        .run(FirstLosses.class, List.of("-Xmx256m"));
    assertThat(lines).anyMatch(line -> line.startsWith(FirstLosses.KERNELS + "plain Java"));
    assertThat(lines.stream().filter(line -> line.contains("WARN ")).toList()).singleElement().asString()
        .contains("oneDNN does not load", "22 times slower", "org.bytedeco:dnnl");
    assertSameLosses(lines);
  }

  @Test
  void withoutEitherTheOneWarningIsTheGraverOne() {
    List<String> lines = OwnJvm.same().withoutVectorApi().without("dnnl-.*-(linux|macosx|windows)-.*\\.jar")
        .run(FirstLosses.class, List.of("-Xmx256m"));
    assertThat(lines.stream().filter(line -> line.contains("WARN ")).toList()).singleElement().asString()
        .contains("oneDNN does not load");
    assertSameLosses(lines);
  }
}
