package dev.kindling.train.generate;

import java.util.Arrays;
import java.util.List;

/**
 * What a model said after a prompt.
 *
 * @param tokens without the prompt and without the stop token
 * @param logProbabilities of each, natural, under the model itself (temperature 1, nothing cut off)
 */
public record Generation(List<Integer> tokens, List<Double> logProbabilities, FinishReason finishReason) {
  public Generation {
    tokens = List.copyOf(tokens);
    logProbabilities = List.copyOf(logProbabilities);
  }

  public int[] ids() {
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The prompt and what follows, as one text's tokens. */
  public int[] after(int[] prompt) {
    int[] all = Arrays.copyOf(prompt, prompt.length + tokens.size());
    for (int i = 0; i < tokens.size(); i++) all[prompt.length + i] = tokens.get(i);
    return all;
  }
}
