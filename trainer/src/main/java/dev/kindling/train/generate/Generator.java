package dev.kindling.train.generate;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * Continues prompts, and lets T5 write about texts. Each is a sequence of its own, never padded, so that its tokens are bit for bit those it gets
 * alone, whatever stands beside it in a batch.
 */
public final class Generator {
  private Generator() {
  }

  /** Takes each token as it comes. */
  @FunctionalInterface
  public interface Listener {
    void token(int prompt, int id);
  }

  /**
   * Continues one prompt.
   *
   * @param prompt at least one token
   * @param maxTokens at most so many new ones; the context's end ends the text too
   * @param stopIds any of them ends the text and is no part of it
   * @throws UserError where the prompt is empty or does not fit the model's context
   */
  public static Generation generate(LanguageModel model, int[] prompt, int maxTokens, Collection<Integer> stopIds,
      Sampler sampler) {
    return generate(model, List.of(prompt), maxTokens, stopIds, sampler).get(0);
  }

  /**
   * Continues several prompts, of any lengths; the same prompt given twice is drawn for anew. @return in their order
   */
  public static List<Generation> generate(LanguageModel model, List<int[]> prompts, int maxTokens,
      Collection<Integer> stopIds, Sampler sampler) {
    return generate(model, prompts, maxTokens, stopIds, sampler, (prompt, id) -> {});
  }

  /** Continues several prompts. @param listener told each token as it is picked */
  public static List<Generation> generate(LanguageModel model, List<int[]> prompts, int maxTokens,
      Collection<Integer> stopIds, Sampler sampler, Listener listener) {
    for (int i = 0; i < prompts.size(); i++) check(model, prompts.get(i), i, prompts.size(), maxTokens);
    return all(prompts, sampler, (i, picker) -> {
      int[] prompt = prompts.get(i);
      int most = Math.min(maxTokens, model.contextLength() - prompt.length);
      return continued(() -> model.newSequence(prompt.length + most), prompt, most, Set.copyOf(stopIds), picker,
          id -> listener.token(i, id));
    });
  }

  /**
   * Lets T5 write what follows from each of several texts: it is encoded once, and the decoder begins with
   * {@link dev.kindling.checkpoint.T5Config#startToken}, which is no part of what is written. The same text given twice is drawn
   * for anew.
   *
   * @param inputs token ids, with the end token where the model has learned to read one; of any length, as distances have no limit
   * @param maxTokens at most so many; @param stopIds any of them ends the text and is no part of it
   * @return in the order of the inputs; @throws UserError where one is empty
   */
  public static List<Generation> write(T5Model model, List<int[]> inputs, int maxTokens, Collection<Integer> stopIds,
      Sampler sampler) {
    for (int i = 0; i < inputs.size(); i++) refuseEmpty(inputs.get(i), which("input", i, inputs.size()), maxTokens);
    int[] start = {model.config().startToken()};
    return all(inputs, sampler, (i, picker) -> continued(() -> model.write(inputs.get(i), maxTokens), start, maxTokens,
        Set.copyOf(stopIds), picker, id -> {}));
  }

  @FunctionalInterface
  private interface Writer {
    Generation write(int prompt, Picker picker);
  }

  private static List<Generation> all(List<int[]> prompts, Sampler sampler, Writer writer) {
    List<Generation> all = new ArrayList<>();
    Map<List<Integer>, Integer> copies = new HashMap<>();
    for (int i = 0; i < prompts.size(); i++) {
      int[] prompt = prompts.get(i);
      int copy = copies.merge(Arrays.stream(prompt).boxed().toList(), 1, Integer::sum) - 1;
      CounterRandom random = sampler.random(prompt, copy);
      all.add(writer.write(i, (logits, at) -> sampler.pick(logits, random, at)));
    }
    return all;
  }

  private static void check(LanguageModel model, int[] prompt, int index, int count, int maxTokens) {
    String which = which("prompt", index, count);
    refuseEmpty(prompt, which, maxTokens);
    if (prompt.length > model.contextLength()) {
      throw new UserError(
          which + " has " + prompt.length + " tokens; the model's context takes " + model.contextLength()
              + ": shorten it");
    }
  }

  private static String which(String what, int index, int count) {
    return count == 1 ? "the " + what : what + " " + (index + 1) + " of " + count;
  }

  private static void refuseEmpty(int[] prompt, String which, int maxTokens) {
    if (prompt.length == 0) throw new UserError(which + " is empty; generation continues at least one token");
    if (maxTokens < 0) throw new UserError("the number of new tokens is " + maxTokens + "; it must be 0 or more");
  }

  @FunctionalInterface
  private interface Picker {
    int pick(float[] logits, int position);
  }

  /** @param prompt what the sequence reads first; @param most new tokens */
  private static Generation continued(Supplier<LanguageModel.Sequence> empty, int[] prompt, int most,
      Set<Integer> stops, Picker picker, IntConsumer listener) {
    List<Integer> tokens = new ArrayList<>();
    List<Double> logProbabilities = new ArrayList<>();
    if (most == 0) return new Generation(tokens, logProbabilities, FinishReason.LENGTH);
    try (LanguageModel.Sequence sequence = empty.get()) {
      float[] logits = sequence.append(prompt);
      while (true) {
        int id = picker.pick(logits, tokens.size());
        if (stops.contains(id)) return new Generation(tokens, logProbabilities, FinishReason.STOP);
        tokens.add(id);
        logProbabilities.add(logProbability(logits, id));
        listener.accept(id);
        if (tokens.size() == most) return new Generation(tokens, logProbabilities, FinishReason.LENGTH);
        logits = sequence.append(id);
      }
    }
  }

  private static double logProbability(float[] logits, int id) {
    double most = Double.NEGATIVE_INFINITY;
    for (float logit : logits) most = Math.max(most, logit);
    double sum = 0;
    for (float logit : logits) sum += Math.exp(logit - most);
    return logits[id] - most - Math.log(sum);
  }
}
