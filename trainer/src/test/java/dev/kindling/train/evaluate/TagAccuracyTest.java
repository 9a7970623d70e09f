package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.objective.LabelledTexts;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Against counting word by word what the logits of each text alone say. */
class TagAccuracyTest {
  private static final List<String> ENTITIES = List.of("B-A", "I-A", "O");
  private static final int TEXTS = 11;

  private static EncoderModel model(List<String> labels, Kernels kernels) {
    return EncoderModel.create(BertConfig.of(23, 12, 16, 2, 2).forTask(EncoderTask.CLASSIFY_TOKENS, labels), kernels,
        Precision.FLOAT32, 5);
  }

  /** Texts of 3 to 8 tokens, of which the first and some others have no label. */
  private static EncoderBatch batch(long from, int count) {
    List<int[]> texts = new ArrayList<>();
    List<int[]> labels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Random random = new Random(from + i);
      int[] text = random.ints(3 + random.nextInt(6), 1, 23).toArray();
      int[] of = random.ints(text.length, -1, 3).map(label -> label < 0 ? -100 : label).toArray();
      of[0] = -100;
      of[1] = random.nextInt(3);
      texts.add(text);
      labels.add(of);
    }
    return new LabelledTexts(0).tokens(texts, labels, new long[count]);
  }

  /** Of each text the labels of its words, those that are there and those that have the greatest logits. */
  private static List<int[][]> said() {
    List<int[][]> said = new ArrayList<>();
    try (Kernels kernels = PlainKernels.of(1); EncoderModel model = model(ENTITIES, kernels)) {
      for (int i = 0; i < TEXTS; i++) {
        EncoderBatch one = batch(i, 1);
        float[] z = model.logits(one);
        List<Integer> there = new ArrayList<>();
        List<Integer> found = new ArrayList<>();
        for (int t = 0; t < one.time(); t++) {
          if (one.targets()[t] == -100) continue;
          there.add(one.targets()[t]);
          found.add(z[3 * t] >= z[3 * t + 1] && z[3 * t] >= z[3 * t + 2] ? 0 : z[3 * t + 1] >= z[3 * t + 2] ? 1 : 2);
        }
        said.add(new int[][]{ints(there), ints(found)});
      }
    }
    return said;
  }

  private static int[] ints(List<Integer> numbers) {
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }

  private static TagAccuracy.Right measured(List<String> labels, int world) {
    HeldOutRows<EncoderBatch> rows = new HeldOutRows<>() {
      @Override
      public long rows() {
        return TEXTS;
      }

      @Override
      public EncoderBatch batch(long from, int count) {
        return TagAccuracyTest.batch(from, count);
      }
    };
    TagAccuracy.Right[] told = new TagAccuracy.Right[world];
    var ranks = InProcess.ranks(world, 4);
    Ranks.run(world, rank -> {
      try (Kernels kernels = PlainKernels.of(1); EncoderModel model = model(labels, kernels)) {
        told[rank] = new TagAccuracy(rows, 2, labels).of(model, ranks.get(rank));
      }
    });
    assertThat(Arrays.stream(told).distinct()).hasSize(1);
    return told[0];
  }

  @Test
  void wordsAndEntitiesAreThoseOfEachTextAloneOnAnyNumberOfRanks() {
    EntityTags tags = EntityTags.of(ENTITIES).orElseThrow();
    long right = 0, words = 0, both = 0, found = 0, there = 0;
    for (int[][] text : said()) {
      words += text[0].length;
      for (int i = 0; i < text[0].length; i++) if (text[0][i] == text[1][i]) right++;
      Set<EntityTags.Entity> one = tags.in(text[0]), other = tags.in(text[1]);
      there += one.size();
      found += other.size();
      Set<EntityTags.Entity> common = new HashSet<>(one);
      common.retainAll(other);
      both += common.size();
    }
    assertThat(right).as("some, and not all").isBetween(1L, words - 1);
    for (int world : new int[]{1, 3})
      assertThat(measured(ENTITIES, world)).isEqualTo(
          new TagAccuracy.Right(right, words, Optional.of(new TagAccuracy.Entities(both, found, there))));
    assertThat(measured(List.of("ADJ", "NOUN", "VERB"), 1)).as("parts of speech are no entities")
        .isEqualTo(new TagAccuracy.Right(right, words, Optional.empty()));
  }

  @Test
  void entitiesComeToPrecisionRecallAndTheirHarmonicMean() {
    TagAccuracy.Entities some = new TagAccuracy.Entities(3, 4, 6);
    assertThat(some.precision()).isEqualTo(0.75);
    assertThat(some.recall()).isEqualTo(0.5);
    assertThat(some.f1()).isCloseTo(0.6, within(1e-12));
    TagAccuracy.Entities none = new TagAccuracy.Entities(0, 0, 0);
    assertThat(new double[]{none.precision(), none.recall(), none.f1()}).containsOnly(0);
    assertThat(new TagAccuracy.Entities(0, 0, 5).f1()).isZero();
  }
}
