/**
 * How good a model is: {@link Perplexity} on held-out rows, the n-gram models that it has to beat ({@link KneserNey},
 * {@link Unigram}), what a classifier labels rightly ({@link LabelAccuracy}, {@link TagAccuracy}), and whether samples are new
 * words or copies of the corpus ({@link CopyCheck}).
 */
package dev.kindling.train.evaluate;
