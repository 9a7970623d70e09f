package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * Makes a WordPiece vocabulary from counted words, as Hugging Face's trainer does: pairs of neighbours are merged as for byte pairs
 * ({@link BpeTrainer}), of characters, where those that go on with a word are other tokens than those that begin one. Counts are
 * exact, in 64 bits; of pairs that occur equally often the smaller pair of ids is merged.
 *
 * <p>Ids 0 to 4 are {@code [PAD], [UNK], [CLS], [SEP], [MASK]}, then come the characters in the order of their code points, those of
 * them that go on with a word, likewise, and the merges in their order.
 */
public final class WordPieceTrainer {
  static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
  /** The smallest vocabulary: the special tokens and a few words of a few characters. */
  public static final int SMALLEST = 64;
  private static final int LONGEST_WORD = 100;
  /** One in so many tokens of the vocabulary may be a character that begins words, and one that goes on with them. */
  private static final int CHARACTERS = 4;

  private WordPieceTrainer() {
  }

  /**
   * @param words of {@link BertWords}, in any order; a word twice counts with both
   * @param lowercase how they were cut
   * @param vocabularySize the exact number of ids; a quarter of it, the commonest, of equally common ones the first, are the characters
   *     that tokens are made of; words with others are left out, as encoding says that they are unknown
   * @param progress is told the size reached, after every merge
   * @throws UserError where the words have too few different pairs for so large a vocabulary
   */
  public static Tokenizer train(Collection<CountedWord> words, boolean lowercase, int vocabularySize,
      IntConsumer progress) {
    UserError.require(vocabularySize >= SMALLEST, "vocabularySize", vocabularySize, "at least " + SMALLEST);
    Map<String, Long> counts = new HashMap<>();
    for (CountedWord word : words) counts.merge(word.word(), word.count(), Math::addExact);
    Set<Integer> characters = characters(counts, vocabularySize / CHARACTERS);
    counts.keySet().removeIf(word -> !word.codePoints().allMatch(characters::contains));
    MergeTraining training = new MergeTraining();
    SPECIAL.forEach(training::add);
    characters.forEach(c -> training.add(Character.toString(c)));
    counts.keySet().stream().flatMapToInt(word -> word.codePoints().skip(1)).distinct().sorted()
        .forEach(c -> training.add(WordPieceVocabulary.GOES_ON + Character.toString(c)));
    training.merge(search(counts, training),
        (left, right) -> left + right.substring(WordPieceVocabulary.GOES_ON.length()), vocabularySize, progress);
    List<Vocabulary.AddedToken> added = SPECIAL.stream()
        .map(token -> new Vocabulary.AddedToken(training.ids().get(token), token, true, false)).toList();
    return Tokenizer.parse(WordPieceJson.write(new WordPieceVocabulary(training.ids(), added, "[UNK]", LONGEST_WORD,
        new BertWords(lowercase), "[CLS]", "[SEP]")), "the trained tokenizer");
  }

  private static Set<Integer> characters(Map<String, Long> words, int most) {
    Map<Integer, Long> counts = new TreeMap<>();
    words.forEach((word, count) -> word.codePoints().forEach(c -> counts.merge(c, count, Math::addExact)));
    Comparator<Map.Entry<Integer, Long>> commonest = Map.Entry.<Integer, Long>comparingByValue().reversed()
        .thenComparing(Map.Entry.comparingByKey());
    return counts.entrySet().stream().sorted(commonest).limit(most).map(Map.Entry::getKey)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static MergeSearch search(Map<String, Long> counts, MergeTraining training) {
    List<int[]> symbols = new ArrayList<>(counts.size());
    List<Long> occurrences = new ArrayList<>(counts.size());
    counts.forEach((word, count) -> {
      int[] characters = word.codePoints().toArray();
      for (int i = 0; i < characters.length; i++)
        characters[i] = training.add((i == 0 ? "" : WordPieceVocabulary.GOES_ON) + Character.toString(characters[i]));
      symbols.add(characters);
      occurrences.add(count);
    });
    return new MergeSearch(symbols, occurrences);
  }
}
