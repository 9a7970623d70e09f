package dev.kindling.jobs.config;

import static dev.kindling.checkpoint.UserError.require;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationTest {
  enum Sort {
    ADAM_W, MUON
  }

  record Schedule(long warmupSteps, long totalSteps) {
    Schedule {
      require(warmupSteps < totalSteps, "schedule.warmupSteps", warmupSteps,
          "fewer than schedule.totalSteps, " + totalSteps);
    }
  }

  record Train(int steps, double rate, Sort optimizer, boolean shuffle, Schedule schedule) {
    static Train defaults() {
      return new Train(100, 1e-3, Sort.MUON, true, new Schedule(10, 1000));
    }
  }

  record Pretrain(String data, List<String> files, Map<String, Double> weights, Optional<String> note, Train train) {}

  private static final String YAML = """
      # a comment
      data: corpus/shards
      files: [a.txt, b.txt]
      weights:
        web: 0.75
        books: 0.25

      train:
        steps: 2_000
        optimizer: adam-w
        schedule:
          warmupSteps: 20
      """;

  private static Pretrain bind(String yaml, String... overrides) {
    return Configuration.parse("pretrain.yaml", yaml).set(List.of(overrides)).as(Pretrain.class);
  }

  @Test
  void aFileBecomesARecordWithDefaultsWhereNothingIsSaid() {
    assertThat(bind(YAML))
        .isEqualTo(new Pretrain("corpus/shards", List.of("a.txt", "b.txt"), Map.of("web", 0.75, "books", 0.25),
            Optional.empty(), new Train(2000, 1e-3, Sort.ADAM_W, true, new Schedule(20, 1000))));
  }

  record Exchange(DType type) {}

  enum DType {
    FLOAT32, BFLOAT16
  }

  @Test
  void bf16IsCalledSoAndKnownByItsLongNameToo() {
    for (String name : List.of("bf16", "bfloat16", "BFLOAT16")) {
      assertThat(Configuration.parse("a.yaml", "type: " + name).as(Exchange.class).type()).isEqualTo(DType.BFLOAT16);
    }
    assertThatThrownBy(() -> Configuration.parse("a.yaml", "type: bf61").as(Exchange.class))
        .hasMessage("a.yaml:1: type is \"bf61\"; it must be one of float32, bf16; did you mean bf16?");
  }

  record Steps(List<Schedule> parts) {}

  @Test
  void aValueThatAnItemOfAListRefusesIsToldWithTheItemsLine() {
    assertThatThrownBy(() -> Configuration.parse("a.yaml",
        "parts:\n  - {warmupSteps: 1, totalSteps: 2}\n  - {warmupSteps: 3, totalSteps: 2}\n").as(Steps.class))
        .hasMessage("a.yaml:3: parts[1].warmupSteps is 3; it must be fewer than schedule.totalSteps, 2");
  }

  @Test
  void overridesWinOverTheFile() {
    Pretrain bound = bind(YAML, "train.steps=20", "train.schedule.totalSteps=30", "note=two: words", "files=[c.txt]",
        "train.shuffle=false");
    assertThat(bound.train()).isEqualTo(new Train(20, 1e-3, Sort.ADAM_W, false, new Schedule(20, 30)));
    assertThat(bound.note()).contains("two: words");
    assertThat(bound.files()).containsExactly("c.txt");
  }

  @Test
  void aValueThatTheRecordRefusesIsToldWithItsLine() {
    assertThatThrownBy(() -> bind(YAML.replace("warmupSteps: 20", "warmupSteps: 2000")))
        .isInstanceOf(UserError.class)
        .hasMessage("pretrain.yaml:12: train.schedule.warmupSteps is 2000; it must be fewer "
            + "than schedule.totalSteps, 1000");
  }

  @Test
  void aValueFromTheCommandLineIsToldWithItsOption() {
    assertThatThrownBy(() -> bind(YAML, "train.schedule.warmupSteps=5000"))
        .hasMessageStartingWith(
            "--set train.schedule.warmupSteps is 5000; it must be fewer");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "steps: 2_000|stesp: 20|pretrain.yaml:9: train.stesp is not a setting; did you mean steps?",
      "steps: 2_000|learning_rate: 20|pretrain.yaml:9: train.learning_rate is not a setting (allowed in train: steps, rate,",
      "steps: 2_000|steps: many|pretrain.yaml:9: train.steps is \"many\"; it must be a whole number",
      "steps: 2_000|steps: 1.5|pretrain.yaml:9: train.steps is \"1.5\"; it must be a whole number",
      "steps: 2_000|steps: 99999999999|pretrain.yaml:9: train.steps is \"99999999999\"; it must be a whole number",
      "steps: 2_000|rate: NaN|pretrain.yaml:9: train.rate is \"NaN\"; it must be a number",
      "steps: 2_000|shuffle: yes|pretrain.yaml:9: train.shuffle is \"yes\"; it must be true or false",
      "steps: 2_000|steps: [1, 2]|pretrain.yaml:9: train.steps is a list; it must be a whole number",
      "adam-w|adamw2|pretrain.yaml:10: train.optimizer is \"adamw2\"; it must be one of adam-w, muon; did you mean adam-w?",
      "data: corpus/shards|dta: corpus/shards|pretrain.yaml:2: dta is not a setting; did you mean data?",
      "data: corpus/shards|# nothing|pretrain.yaml: data is missing; it must be text",
      "web: 0.75|web: much|pretrain.yaml:5: weights.web is \"much\"; it must be a number",
      "steps: 2_000|steps: 1\\n  steps: 2|pretrain.yaml:10: steps is set twice, first at pretrain.yaml:9; keep one",
  })
  void aMistakeIsOneLineWithItsPlaceAndWhatIsAllowed(String right, String wrong, String message) {
    assertThatThrownBy(() -> bind(YAML.replace(right, wrong.replace("\\n", "\n")))).isInstanceOf(UserError.class)
        .hasMessageStartingWith(message).message().doesNotContain("\n");
  }

  @Test
  void aSectionThatIsGivenOneValueIsTold() {
    assertThatThrownBy(() -> bind("data: x\nfiles: []\nweights: {}\ntrain: 3\n"))
        .hasMessageStartingWith("pretrain.yaml:4: train is \"3\"; it must be a section with the keys steps, rate,");
  }

  @Test
  void textThatIsNotYamlIsToldWithItsLine() {
    assertThatThrownBy(() -> bind("data: x\ntrain: [1, 2\nfiles: 3\n")).isInstanceOf(UserError.class)
        .hasMessageMatching("pretrain.yaml:\\d: not valid YAML: .*");
    assertThatThrownBy(() -> bind("just words")).hasMessageContaining("pretrain.yaml:1: found \"just words\"");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "a: 1\\nfiles: [x\\nb: 2 | 3: not valid YAML: at column 2 the list in [ ] that begins in line 2 is not closed",
      "a: 1\\nb: {c: 1\\nd: 2 | 3: not valid YAML: at column 2 the section in { } that begins in line 2 is not closed",
      "a: b: c | 1: not valid YAML: at column 5 a colon is one too many",
      "a:\\n\\tb: 1 | 2: not valid YAML: at column 1 a tab stands where only spaces may indent",
      "a: 1\\nb: 'x\\nc: 2 | 2: not valid YAML: at column 4 a quotation mark is not closed",
      "a: \"\\q\" | 1: not valid YAML: at column 6 a backslash in double quotation marks",
      "a: @x | 1: not valid YAML: at column 4 a value begins with @; put it into quotation marks",
      "a: ] | 1: not valid YAML: at column 4 ] stands where a value belongs",
      "a:\\n  b: 1\\n c: 2 | 3: not valid YAML: at column 2 a line is not indented as those",
      "a: 1\\nb | 2: not valid YAML: at column 1 a line has no colon behind its key"})
  void yamlThatCannotBeParsedIsToldInAUsersWords(String yaml, String told) {
    assertThatThrownBy(() -> bind(yaml.replace("\\n", "\n").replace("\\t", "\t"))).isInstanceOf(UserError.class)
        .hasMessageStartingWith("pretrain.yaml:" + told);
  }

  @Test
  void anOverrideWithoutAKeyIsTold() {
    assertThatThrownBy(() -> bind(YAML, "20")).hasMessageContaining("--set \"20\" has no key");
    assertThatThrownBy(() -> bind(YAML, "train.stps=20"))
        .hasMessageStartingWith("--set train.stps is not a setting; did you mean steps?");
  }

  @Test
  void theResolvedConfigurationReadsBackAsTheSameRecord() {
    Pretrain bound = bind(YAML, "note='17'", "data='true: false'");
    String written = ResolvedYaml.write(bound);
    assertThat(Configuration.parse("resolved.yaml", written).as(Pretrain.class)).isEqualTo(bound);
  }
}
