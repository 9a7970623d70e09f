package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Makes a byte-level byte-pair vocabulary from counted words (Sennrich, Haddow and Birch 2016, section 3.2): the pair of
 * neighbours that occurs most often becomes a token, until there are as many as asked. Counts are exact, in 64 bits; of pairs
 * that occur equally often the smaller pair of ids is merged, as Hugging Face's trainer does, so the result depends on nothing
 * but the counts.
 *
 * <p>Id 0 is the end of a text, ids 1 to 256 the bytes in the order of GPT-2's alphabet, then the merges in their order.
 */
public final class BpeTrainer {
  private static final int FIRST_BYTE = 1;
  /** The smallest vocabulary: the end of a text and the bytes. */
  public static final int SMALLEST = FIRST_BYTE + ByteAlphabet.SIZE;

  private BpeTrainer() {
  }

  /**
   * @param words in any order; a word twice counts with both
   * @param vocabularySize the exact number of ids
   * @param progress is told the size reached, after every merge
   * @throws UserError where the words have too few different pairs for so large a vocabulary
   */
  public static Tokenizer train(Collection<CountedWord> words, int vocabularySize, IntConsumer progress) {
    UserError.require(vocabularySize >= SMALLEST, "vocabularySize", vocabularySize,
        "at least " + SMALLEST + ": 256 bytes and " + Tokenizer.END_OF_TEXT);
    MergeTraining training = new MergeTraining();
    training.add(Tokenizer.END_OF_TEXT);
    int[] idOfByte = new int[ByteAlphabet.SIZE];
    for (int rank = 0; rank < ByteAlphabet.SIZE; rank++) {
      byte[] token = {(byte) ByteAlphabet.byteAt(rank)};
      idOfByte[token[0] & 0xFF] = training.add(ByteAlphabet.nameOf(token));
    }
    List<MergeTable.Merge> merges = training.merge(symbols(words, idOfByte), String::concat, vocabularySize, progress);
    List<Vocabulary.AddedToken> added = List.of(new Vocabulary.AddedToken(0, Tokenizer.END_OF_TEXT, true, false));
    Vocabulary vocabulary = new Vocabulary(training.ids(), merges, added, false, false, WordPattern.GPT2.words(),
        false);
    return Tokenizer.parse(TokenizerJson.write(vocabulary), "the trained tokenizer");
  }

  private static MergeSearch symbols(Collection<CountedWord> words, int[] idOfByte) {
    Map<String, Long> counts = new HashMap<>();
    for (CountedWord word : words) counts.merge(word.word(), word.count(), Math::addExact);
    List<int[]> symbols = new ArrayList<>(counts.size());
    List<Long> occurrences = new ArrayList<>(counts.size());
    counts.forEach((word, count) -> {
      byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
      if (utf8.length < 2) return;
      int[] ids = new int[utf8.length];
      for (int i = 0; i < ids.length; i++) ids[i] = idOfByte[utf8[i] & 0xFF];
      symbols.add(ids);
      occurrences.add(count);
    });
    return new MergeSearch(symbols, occurrences);
  }
}
