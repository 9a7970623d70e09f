package dev.kindling.jobs.evaluate;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.evaluate.KneserNey;
import dev.kindling.train.evaluate.Unigram;
import java.util.List;

/**
 * What counting gives: perplexities of n-gram models, trained on the rows that the model learns from, on every held-out token.
 *
 * @param bigram interpolated Kneser-Ney; @param fiveGram interpolated Kneser-Ney
 * @param tokens that were scored
 */
public record Baselines(double unigram, double bigram, double fiveGram, long tokens) {
  /** Takes memory for the different 5-grams of the training rows: some 100 bytes each. */
  public static Baselines of(PackedDataset training, PackedDataset heldOut) {
    int vocabulary = training.info().vocabularySize();
    List<int[]> learnt = PackedDocuments.of(training);
    List<int[]> asked = PackedDocuments.of(heldOut);
    var unigram = Unigram.train(vocabulary, learnt).score(asked, 1);
    double bigram = KneserNey.train(2, vocabulary, learnt).score(asked, 1).perplexity();
    double fiveGram = KneserNey.train(5, vocabulary, learnt).score(asked, 1).perplexity();
    return new Baselines(unigram.perplexity(), bigram, fiveGram, unigram.tokens());
  }
}
