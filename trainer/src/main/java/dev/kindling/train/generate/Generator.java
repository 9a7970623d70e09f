package dev.kindling.train.generate;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Continues prompts. Each is a sequence of its own, never padded, so that its tokens are bit for bit those it gets
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
    Set<Integer> stops = Set.copyOf(stopIds);
    List<Generation> all = new ArrayList<>();
    Map<List<Integer>, Integer> copies = new HashMap<>();
    for (int i = 0; i < prompts.size(); i++) {
      int[] prompt = prompts.get(i);
      int copy = copies.merge(Arrays.stream(prompt).boxed().toList(), 1, Integer::sum) - 1;
      CounterRandom random = sampler.random(prompt, copy);
      int index = i;
      all.add(continued(model, prompt, maxTokens, stops, (logits, at) -> sampler.pick(logits, random, at),
          id -> listener.token(index, id)));
    }
    return all;
  }

  private static void check(LanguageModel model, int[] prompt, int index, int count, int maxTokens) {
    String which = count == 1 ? "the prompt" : "prompt " + (index + 1) + " of " + count;
    if (prompt.length == 0) throw new UserError(which + " is empty; generation continues at least one token");
    if (prompt.length > model.contextLength()) {
      throw new UserError(
          which + " has " + prompt.length + " tokens; the model's context takes " + model.contextLength()
              + ": shorten it");
    }
    if (maxTokens < 0) throw new UserError("the number of new tokens is " + maxTokens + "; it must be 0 or more");
  }

  @FunctionalInterface
  private interface Picker {
    int pick(float[] logits, int position);
  }

  private static Generation continued(LanguageModel model, int[] prompt, int maxTokens, Set<Integer> stops,
      Picker picker,
      IntConsumer listener) {
    List<Integer> tokens = new ArrayList<>();
    List<Double> logProbabilities = new ArrayList<>();
    int most = Math.min(maxTokens, model.contextLength() - prompt.length);
    if (most == 0) return new Generation(tokens, logProbabilities, FinishReason.LENGTH);
    try (LanguageModel.Sequence sequence = model.newSequence(prompt.length + most)) {
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
