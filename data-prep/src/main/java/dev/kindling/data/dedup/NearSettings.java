package dev.kindling.data.dedup;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;
import java.util.Locale;

/**
 * When two documents are near-duplicates: the Jaccard similarity of their sets of shingles (runs of words; Broder 1997) is at least
 * the threshold. Pairs are looked for by MinHash and locality-sensitive hashing (Leskovec, Rajaraman, Ullman, Mining of Massive
 * Datasets, section 3.4): a pair of similarity s is found with the probability 1 - (1 - s^rows)^bands, and then compared.
 *
 * @param shingle words of a shingle; a shorter document is one shingle
 * @param bands of the signature
 * @param rows of a band; bands times rows hash functions in all
 * @param threshold similarity from which on documents are the same
 */
public record NearSettings(int shingle, int bands, int rows, double threshold) implements Serializable {
  public NearSettings {
    require(shingle >= 1 && shingle <= 100, "shingle", shingle, "1 to 100 words");
    require(bands >= 1 && bands <= 1_000, "bands", bands, "1 to 1000");
    require(rows >= 1 && rows <= 100, "rows", rows, "1 to 100");
    require(threshold > 0 && threshold <= 1, "threshold", threshold, "above 0 and at most 1");
    double found = probability(bands, rows, threshold);
    require(found >= 0.9, "bands", bands, String.format(Locale.ROOT,
        "more, or rows fewer than %d: only %.2f of the pairs at threshold %s would be found, not 0.9", rows, found,
        threshold));
  }

  /** Shingles of 5 words, 20 bands of 6, threshold 0.8: 99.8% of the pairs at the threshold are found. */
  public static NearSettings defaults() {
    return new NearSettings(5, 20, 6, 0.8);
  }

  private static double probability(int bands, int rows, double similarity) {
    return 1 - Math.pow(1 - Math.pow(similarity, rows), bands);
  }
}
