package dev.kindling.data.tokenizer;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a byte-level byte-pair tokenizer consists of.
 *
 * @param names each ordinary token's name in GPT-2's byte alphabet, and its id
 * @param merges in the order of their ranks
 * @param added tokens that are found in the text before it is cut into words
 * @param composed whether texts are brought to Unicode's normal form C
 * @param prefixSpace whether a text that does not start with a space is given one
 * @param words how a text is cut
 * @param wholeWords whether a word that is itself a token is taken as it is, merges or not
 */
record Vocabulary(Map<String, Integer> names, List<MergeTable.Merge> merges, List<AddedToken> added, boolean composed,
    boolean prefixSpace, PreTokenizer words, boolean wholeWords) {
  /**
   * A token that stands for its content as it is.
   *
   * @param special whether it is no text, such as the end of a document
   * @param normalized whether it is looked for in the text's normal form, after those that are not
   */
  record AddedToken(int id, String content, boolean special, boolean normalized) {}

  static boolean isSpecial(List<AddedToken> added, int id) {
    for (AddedToken token : added) if (token.id() == id) return token.special();
    return false;
  }

  /** One more than the largest id. @param ids of the ordinary tokens */
  static int size(Collection<Integer> ids, List<AddedToken> added) {
    int size = 0;
    for (int id : ids) size = Math.max(size, id + 1);
    for (AddedToken token : added) size = Math.max(size, token.id() + 1);
    return size;
  }

  /** The first of the added tokens that ends a document. */
  static OptionalInt endOfText(List<AddedToken> added) {
    return added.stream().filter(token -> Tokenizer.ENDS_OF_TEXT.contains(token.content()))
        .mapToInt(AddedToken::id).findFirst();
  }
}
