package dev.kindling.train.objective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.EncoderBatch;
import java.util.Arrays;
import java.util.List;

/**
 * Say what texts, or their tokens, were labelled with (Devlin et al. 2019, section 4).
 *
 * @param padToken what stands where a text has ended
 */
public record LabelledTexts(int padToken) {
  /** One label for each text. @param texts token ids, of any lengths; @param labels -100: none */
  public EncoderBatch classes(List<int[]> texts, int[] labels, long[] sampleIds) {
    return batch(texts, labels.clone(), null, sampleIds);
  }

  /** A number for each label of each text: 0 or 1 where any may apply, any number for a regression; NaN: none. */
  public EncoderBatch scores(List<int[]> texts, List<float[]> scores, long[] sampleIds) {
    int labels = scores.get(0).length;
    float[] all = new float[texts.size() * labels];
    for (int r = 0; r < texts.size(); r++) System.arraycopy(scores.get(r), 0, all, r * labels, labels);
    return batch(texts, null, all, sampleIds);
  }

  /** A label for each token. @param labels of the texts' lengths; -100: none, as for the later pieces of a word */
  public EncoderBatch tokens(List<int[]> texts, List<int[]> labels, long[] sampleIds) {
    int time = longest(texts);
    int[] all = new int[Math.multiplyExact(texts.size(), time)];
    Arrays.fill(all, Kernels.IGNORED);
    for (int r = 0; r < texts.size(); r++) {
      if (labels.get(r).length != texts.get(r).length) throw new IllegalArgumentException("a label for each token");
      System.arraycopy(labels.get(r), 0, all, r * time, labels.get(r).length);
    }
    return batch(texts, all, null, sampleIds);
  }

  private EncoderBatch batch(List<int[]> texts, int[] targets, float[] scores, long[] sampleIds) {
    int time = longest(texts);
    int[] inputs = new int[Math.multiplyExact(texts.size(), time)];
    int[] lengths = new int[texts.size()];
    Arrays.fill(inputs, padToken);
    for (int r = 0; r < lengths.length; r++) {
      lengths[r] = texts.get(r).length;
      System.arraycopy(texts.get(r), 0, inputs, r * time, lengths[r]);
    }
    return new EncoderBatch(lengths.length, time, inputs, null, lengths, targets, scores, sampleIds.clone());
  }

  private static int longest(List<int[]> texts) {
    return texts.stream().mapToInt(text -> text.length).max().orElse(0);
  }
}
