/**
 * How good a model is: {@link Perplexity} on held-out rows, the n-gram models that it has to beat ({@link KneserNey},
 * {@link Unigram}), and whether samples are new words or copies of the corpus ({@link CopyCheck}).
 */
package dev.kindling.train.evaluate;
