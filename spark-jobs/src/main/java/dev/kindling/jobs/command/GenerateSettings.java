package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

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
  GenerateSettings {
    require(samples >= 1, "samples", samples, "1 or more");
    require(tokens >= 1, "tokens", tokens, "1 or more new tokens");
    require(threads >= 0, "threads", threads, "a number of threads, or 0 for one a core");
    new Sampler(temperature, topK, topP, seed);
  }

  static GenerateSettings defaults() {
    return new GenerateSettings(null, List.of(""), 1, 100, 0.8, 0, 1, 1, Precision.FLOAT32, 0);
  }

  Sampler sampler() {
    return new Sampler(temperature, topK, topP, seed);
  }
}
