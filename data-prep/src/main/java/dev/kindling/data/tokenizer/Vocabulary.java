package dev.kindling.data.tokenizer;

import java.util.List;
import java.util.Map;

/**
 * What a byte-level byte-pair tokenizer consists of.
 *
 * @param names each ordinary token's name in GPT-2's byte alphabet, and its id
 * @param merges in the order of their ranks
 * @param added tokens that are found in the text before it is cut into words
 * @param prefixSpace whether a text that does not start with a space is given one
 * @param words whether text is cut into words by GPT-2's expression; if not, the whole text is one word
 * @param wholeWords whether a word that is itself a token is taken as it is, merges or not
 */
record Vocabulary(Map<String, Integer> names, List<MergeTable.Merge> merges, List<AddedToken> added,
    boolean prefixSpace,
    boolean words, boolean wholeWords) {
  /** A token that stands for its content as it is; a special one is no text, such as the end of a document. */
  record AddedToken(int id, String content, boolean special) {}
}
