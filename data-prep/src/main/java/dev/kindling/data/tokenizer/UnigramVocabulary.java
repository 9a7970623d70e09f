package dev.kindling.data.tokenizer;

import java.util.List;

/**
 * What a unigram tokenizer consists of.
 *
 * @param names each token by its id; @param scores natural logarithms of the pieces' probabilities
 * @param added tokens that are found in the text before it is cut into words
 * @param unknown id of what stands for characters that no piece has
 */
record UnigramVocabulary(List<String> names, double[] scores, List<Vocabulary.AddedToken> added, int unknown) {}
