package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.generate.Sampler;
import dev.kindling.train.tensor.Precision;
import java.util.List;

/**
 * What {@code kindling generate} is to do.
 *
 * @param model a model's or a run's folder
 * @param prompts each is continued; an empty one begins a new text
 * @param samples of each prompt
 * @param tokens new ones at most
 * @param topK of how many likeliest tokens one is drawn; 0: all
 * @param topP how much probability the drawn-from tokens add up to
 * @param seed the same gives the same text
 * @param threads 0: one a core
 */
record GenerateSettings(String model, List<String> prompts, int samples, int tokens, double temperature, int topK,
    double topP,
    long seed, Precision precision, int threads) {
  /** Of a t5, whose context has no end: there is room for the keys and values of all from the first on. */
  private static final int MOST_OF_T5 = 16_384;

  GenerateSettings {
    require(samples >= 1, "samples", samples, "1 or more");
    require(tokens >= 1, "tokens", tokens, "1 or more new tokens");
    require(threads >= 0, "threads", threads, "a number of threads, or 0 for one a core");
    new Sampler(temperature, topK, topP, seed);
  }

  static GenerateSettings defaults() {
    return new GenerateSettings(null, List.of(""), 1, 100, 0.8, 0, 1, 1, Precision.FLOAT32, 0);
  }

  /** @return the same; @throws UserError for what a t5, which reads a text and writes another, cannot do */
  GenerateSettings ofT5() {
    if (prompts.contains(""))
      throw new UserError("a prompt is empty; a t5 reads a text and writes another: give one with --prompt");
    require(tokens <= MOST_OF_T5, "tokens", tokens, "at most " + MOST_OF_T5 + " where a t5 writes");
    return this;
  }

  Sampler sampler() {
    return new Sampler(temperature, topK, topP, seed);
  }
}
