package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.evaluate.EntityTags.Entity;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against entities that are counted by hand as conlleval and seqeval (without {@code mode="strict"}) do. */
class EntityTagsTest {
  private static final List<String> LABELS = List.of("B-LOC", "B-PER", "I-LOC", "I-PER", "O");
  private static final EntityTags TAGS = EntityTags.of(LABELS).orElseThrow();

  /** Types with the first word and the one behind the last, such as {@code PER 0-2}. */
  private static String entities(String tags) {
    Set<Entity> found = TAGS.in(Arrays.stream(tags.split(" ")).mapToInt(LABELS::indexOf).toArray());
    return found.stream().map(one -> one.start() + "-" + one.end() + " " + one.type())
        .collect(Collectors.toCollection(TreeSet::new)).toString();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "B-PER I-PER O B-LOC        | [0-2 PER, 3-4 LOC]",
      "O O                        | []",
      "B-PER B-PER I-PER          | [0-1 PER, 1-3 PER]",
      "O I-PER I-PER O            | [1-3 PER]",
      "I-LOC                      | [0-1 LOC]",
      "B-PER I-LOC I-LOC          | [0-1 PER, 1-3 LOC]",
      "B-PER I-PER I-LOC I-PER    | [0-2 PER, 2-3 LOC, 3-4 PER]",
      "I-PER B-PER                | [0-1 PER, 1-2 PER]",
      "B-LOC O I-LOC              | [0-1 LOC, 2-3 LOC]",
      "O B-LOC I-LOC I-LOC        | [1-4 LOC]"})
  void entitiesBeginAndEndWhereConllevalHasThem(String tags, String expected) {
    assertThat(entities(tags)).isEqualTo(expected);
  }

  @Test
  void labelsOfAnotherSchemeAreNoEntities() {
    assertThat(EntityTags.of(List.of("NOUN", "VERB"))).isEmpty();
    assertThat(EntityTags.of(List.of("B-PER", "E-PER", "O"))).isEmpty();
    assertThat(EntityTags.of(List.of("0", "1"))).isEmpty();
    assertThat(EntityTags.of(List.of("B-", "O"))).isEmpty();
    assertThat(EntityTags.of(List.of("O"))).isEmpty();
  }

  @Test
  void aTextWithoutWordsHasNone() {
    assertThat(TAGS.in(new int[0])).isEmpty();
  }
}
