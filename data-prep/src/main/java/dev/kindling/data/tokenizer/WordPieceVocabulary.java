package dev.kindling.data.tokenizer;

import java.util.List;
import java.util.Map;

/**
 * What a WordPiece tokenizer consists of.
 *
 * @param names each token and its id; those that go on with a word begin with {@link #GOES_ON}
 * @param added tokens that are found in the text before it is cut into words
 * @param unknown what stands for a word that has no tokens
 * @param longest code points of a word; a longer one is unknown
 * @param words how a text is cut
 * @param first the token that begins a text, empty where none does; @param last the one that ends it
 */
record WordPieceVocabulary(Map<String, Integer> names, List<Vocabulary.AddedToken> added, String unknown, int longest,
    BertWords words, String first, String last) {
  static final String GOES_ON = "##";
}
