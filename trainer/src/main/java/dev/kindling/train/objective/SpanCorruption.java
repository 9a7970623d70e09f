package dev.kindling.train.objective;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * Write what was cut out of a text (Raffel et al. 2020, sections 3.1.4 and 3.3.4): spans are replaced by one sentinel each, and
 * the target names each sentinel and the span behind it. Text and spans alternate, beginning with text:
 *
 * <pre>
 *   tokens   Thank you for inviting me to your party last week
 *   inputs   Thank you  X  me to your party  Y  end             X, Y, ...: the first sentinel, the one before it, ...
 *   targets  X  for inviting  Y  last week  end
 * </pre>
 *
 * The spans are a pure function of (seed, step, sample). Lengths follow from the number of tokens alone, so that rows of one
 * length need no padding.
 *
 * @param density share of the tokens that are cut out, such as {@link #DENSITY}
 * @param meanSpan mean length of a span, such as {@link #MEAN_SPAN}
 * @param firstSentinel the sentinel of the first span, usually the vocabulary's last token; the next ones are below it
 * @param sentinels how many there are; T5 has 100
 * @param endToken written behind inputs and targets
 * @param pairs how the decoder reads
 */
public record SpanCorruption(double density, double meanSpan, int firstSentinel, int sentinels, int endToken,
    SequenceToSequence pairs) {
  /** As many as T5 has (Raffel et al. 2020, section 3.1.4). */
  public static final int SENTINELS = 100;
  /** The paper's share of the tokens that are cut out. */
  public static final double DENSITY = 0.15;
  /** The paper's mean length of a span, in tokens. */
  public static final double MEAN_SPAN = 3;

  public SpanCorruption {
    UserError.require(density > 0 && density < 1, "density", density, "above 0 and below 1, such as 0.15");
    UserError.require(meanSpan >= 1, "meanSpan", meanSpan, "1 or more tokens, such as 3");
    UserError.require(firstSentinel > 0, "firstSentinel", firstSentinel, "a token id");
    UserError.require(sentinels > 0 && sentinels <= firstSentinel, "sentinels", sentinels,
        "between 1 and " + firstSentinel + ", the tokens below the first");
  }

  /** The paper's choices. @param vocabularySize its last {@link #SENTINELS} tokens are the sentinels; @param padToken begins the decoder's input */
  public static SpanCorruption of(int vocabularySize, int padToken, int endToken) {
    return new SpanCorruption(DENSITY, MEAN_SPAN, vocabularySize - 1, SENTINELS, endToken,
        new SequenceToSequence(padToken, padToken));
  }

  /** How a number of tokens divides: tokens cut out, spans, and the lengths of both sequences, end tokens included. */
  public record Lengths(int cut, int spans, int inputs, int targets) {}

  /** A text with holes and what was in them. */
  public record Corrupted(int[] inputs, int[] targets) {}

  /** @param tokens of a text, at least 2 */
  public Lengths lengths(int tokens) {
    if (tokens < 2) throw new IllegalArgumentException("a text of " + tokens + " tokens cannot be cut");
    int cut = (int) Math.min(Math.max(Math.rint(tokens * density), 1), tokens - 1);
    int spans = (int) Math.max(Math.rint(cut / meanSpan), 1);
    spans = Math.min(spans, tokens - cut);                  // text stands before each span
    return new Lengths(cut, spans, tokens - cut + spans + 1, cut + spans + 1);
  }

  /** The most tokens of a text whose inputs are no longer than {@code inputs}. */
  public int mostTokens(int inputs) {
    int tokens = 2;
    UserError.require(lengths(tokens).inputs() <= inputs, "sequenceLength", inputs, "3 or more");
    while (lengths(tokens + 1).inputs() <= inputs) tokens++;
    return tokens;
  }

  /** Each span needs a sentinel of its own. @param tokens of the longest text; @throws UserError where they run out */
  public void refuseUnlessSentinelsSuffice(int tokens) {
    int spans = tokens < 2 ? 0 : lengths(tokens).spans();
    if (spans <= sentinels) return;
    throw new UserError("a text of " + tokens + " tokens has " + spans + " spans, the vocabulary only " + sentinels
        + " sentinels; use shorter sequences, a lower objective.density or a higher objective.meanSpan");
  }

  /** @param tokens at least 2 */
  public Corrupted corrupted(int[] tokens, CounterRandom random) {
    refuseUnlessSentinelsSuffice(tokens.length);
    Lengths lengths = lengths(tokens.length);
    int[] spans = parts(lengths.cut(), lengths.spans(), random, 0);
    int[] texts = parts(tokens.length - lengths.cut(), lengths.spans(), random, 1L << 32);
    int[] inputs = new int[lengths.inputs()];
    int[] targets = new int[lengths.targets()];
    int in = 0;
    int out = 0;
    int at = 0;
    for (int i = 0; i < spans.length; i++) {
      System.arraycopy(tokens, at, inputs, in, texts[i]);
      in += texts[i];
      at += texts[i];
      inputs[in++] = firstSentinel - i;
      targets[out++] = firstSentinel - i;
      System.arraycopy(tokens, at, targets, out, spans[i]);
      out += spans[i];
      at += spans[i];
    }
    inputs[in] = endToken;
    targets[out] = endToken;
    return new Corrupted(inputs, targets);
  }

  /** Cuts a length into that many parts of at least 1, every way with the same chance. @param from which random numbers */
  private static int[] parts(int length, int count, CounterRandom random, long from) {
    int[] parts = new int[count];
    int part = 0;
    int bordersLeft = count - 1;
    parts[0] = 1;
    for (int i = 1; i < length; i++) {                      // of the places left, each border has the same chance
      if (random.uniform(from + i) * (length - i) < bordersLeft) {
        bordersLeft--;
        part++;
      }
      parts[part]++;
    }
    return parts;
  }

  /**
   * @param rows token ids; one of fewer than 2 is an empty pair; @param sampleIds the dataset's number of each
   * @param step in which they are read, so that another epoch cuts elsewhere
   */
  public Seq2SeqBatch batch(List<int[]> rows, long[] sampleIds, long seed, long step) {
    List<int[]> inputs = new ArrayList<>();
    List<int[]> targets = new ArrayList<>();
    for (int r = 0; r < rows.size(); r++) {
      if (rows.get(r).length < 2) {                         // nothing to cut: an empty pair, which does not count
        inputs.add(new int[0]);
        targets.add(new int[0]);
        continue;
      }
      Corrupted row = corrupted(rows.get(r),
          CounterRandom.of(seed, "spans of sample " + sampleIds[r] + " in step " + step));
      inputs.add(row.inputs());
      targets.add(row.targets());
    }
    return pairs.batch(inputs, targets, sampleIds);
  }
}
