package dev.kindling.data.decontaminate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.decontaminate.DecontaminationSettings.Action;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EvaluationSetsTest {
  private static final String QUESTION = "Which of the following planets has the largest number of known moons today?";

  @Test
  void aRunOfThirteenWordsIsFoundWithoutCaseAndPunctuation() {
    EvaluationSets sets = sets(QUESTION);
    assertThat(sets.size()).isEqualTo(1);
    EvaluationSets.Match match = sets
        .find("So: WHICH of the following planets has the largest number\nof known moons, today").orElseThrow();
    assertThat(match).isEqualTo(new EvaluationSets.Match("quiz", 1, 13, 4,
        "WHICH of the following planets has the largest number\nof known moons, today"));
    assertThat(sets.find(QUESTION.replace("moons", "rings"))).isEmpty();
    assertThat(sets.find("Which of the following planets has the largest number of known moons?")).as("12 words")
        .isEmpty();
  }

  @Test
  void shortTextsCountAsAWholeAndVeryShortOnesNotAtAll() {
    EvaluationSets sets = sets("one two three four five six seven eight", "one two three four five six seven");
    assertThat(sets.size()).isEqualTo(1);
    assertThat(sets.find("zero one two three four five six seven eight nine").orElseThrow().words()).isEqualTo(8);
    assertThat(sets.find("one two three four five six seven, nine")).isEmpty();
  }

  @Test
  void aMatchNamesTheFirstRunAndCountsAll() {
    EvaluationSets.Builder builder = new EvaluationSets.Builder(DecontaminationSettings.defaults());
    String text = words(0, 20);
    builder.add("b", text);
    builder.add("a", words(100, 120));
    EvaluationSets.Match match = builder.build().find("x y " + words(100, 113) + " z " + text).orElseThrow();
    assertThat(match.set()).isEqualTo("a");
    assertThat(match.count()).isEqualTo(1 + 8);
    assertThat(match.start()).isEqualTo(4);
  }

  @Test
  void whatIsFoundIsWhatTwoSetsOfStringsShare() {
    Random random = new Random(1);
    DecontaminationSettings settings = new DecontaminationSettings(List.of("x"), 4, 4, Action.DROP);
    for (int n = 0; n < 300; n++) {
      List<String> set = random(random, 12);
      List<String> document = random(random, 30);
      EvaluationSets.Builder builder = new EvaluationSets.Builder(settings);
      builder.add("set", String.join(" ", set));
      Set<String> wanted = new HashSet<>(grams(set));
      long shared = grams(document).stream().filter(wanted::contains).count();
      assertThat(builder.build().find(String.join(" ", document)).map(EvaluationSets.Match::count).orElse(0L))
          .isEqualTo(shared);
    }
  }

  @Test
  void settingsThatAreNotAllowedAreNamed() {
    assertThatThrownBy(() -> new DecontaminationSettings(List.of(), 13, 14, Action.DROP)).isInstanceOf(UserError.class)
        .hasMessageContaining("fewestWords is 14");
    assertThatThrownBy(() -> new DecontaminationSettings(List.of(), 1, 1, Action.DROP)).isInstanceOf(UserError.class)
        .hasMessageContaining("words is 1");
  }

  private static EvaluationSets sets(String... texts) {
    EvaluationSets.Builder builder = new EvaluationSets.Builder(DecontaminationSettings.defaults());
    for (String text : texts) builder.add("quiz", text);
    return builder.build();
  }

  private static List<String> random(Random random, int count) {
    return IntStream.range(0, count).mapToObj(i -> "w" + random.nextInt(3)).toList();
  }

  private static List<String> grams(List<String> words) {
    List<String> grams = new ArrayList<>();
    for (int i = 0; i + 4 <= words.size(); i++) grams.add(String.join(" ", words.subList(i, i + 4)));
    return grams;
  }

  private static String words(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "w" + i).collect(Collectors.joining(" "));
  }
}
