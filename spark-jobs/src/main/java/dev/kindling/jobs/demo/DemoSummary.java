package dev.kindling.jobs.demo;

import java.util.List;
import java.util.Map;

/**
 * What {@code summary.json} says.
 *
 * @param tokensPerSecond while training, over all ranks
 * @param seconds by stage
 * @param paths of what was written, by what it is
 */
public record DemoSummary(double validationPerplexity, double unigramPerplexity, double bigramPerplexity,
    double fiveGramPerplexity, double tokensPerSecond, String weightsSha256, int ranks, long steps, long parameters,
    String precision, String kernels, String master, long documents, long trainingTokens, long heldOutTokens,
    int sampledTokens, double wordsInCorpus, int longestCopiedTokens, List<String> samples, Map<String, Double> seconds,
    Map<String, String> paths) {}
