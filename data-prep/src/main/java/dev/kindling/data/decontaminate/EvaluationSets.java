package dev.kindling.data.decontaminate;

import dev.kindling.data.clean.Words;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * The runs of words of some evaluation sets, as 64-bit hashes. Among a million runs of the sets and a hundred billion of a corpus, one
 * is taken for another with a probability of 1%.
 */
public final class EvaluationSets implements Serializable {
  private static final long serialVersionUID = 1L;

  private static final int QUOTED = 200;

  private final List<Runs> runs;
  private final TreeMap<Integer, LongSet> byLength;

  private EvaluationSets(List<Runs> runs, TreeMap<Integer, LongSet> byLength) {
    this.runs = runs;
    this.byLength = byLength;
  }

  /** Those of one length in one set, in ascending order. */
  private record Runs(String set, int words, long[] hashes) implements Serializable {}

  /**
   * What a document shares with the sets.
   *
   * @param set the first that holds the first of the runs
   * @param count runs of the document that some set holds
   * @param words of the first run
   * @param start where it begins in the text, in UTF-16 code units
   * @param quoted how it begins there
   */
  public record Match(String set, long count, int words, int start, String quoted) {}

  /** Collects the texts of evaluation sets. */
  public static final class Builder {
    private final DecontaminationSettings settings;
    private final TreeMap<String, TreeMap<Integer, LongStream.Builder>> found = new TreeMap<>();

    public Builder(DecontaminationSettings settings) {
      this.settings = settings;
    }

    /** @param set a name, such as of its file; @param text one text that counts by itself */
    public void add(String set, String text) {
      Words words = Words.of(text);
      int length = Math.min(words.count(), settings.words());
      if (length < settings.fewestWords()) return;
      LongStream.Builder hashes = found.computeIfAbsent(set, name -> new TreeMap<>()).computeIfAbsent(length,
          n -> LongStream.builder());
      for (long gram : words.grams(length)) hashes.add(gram);
    }

    public EvaluationSets build() {
      List<Runs> runs = new ArrayList<>();
      found.forEach((set, lengths) -> lengths
          .forEach((length, hashes) -> runs.add(new Runs(set, length, hashes.build().sorted().distinct().toArray()))));
      TreeMap<Integer, LongSet> all = new TreeMap<>();
      for (Runs some : runs) {
        all.computeIfAbsent(some.words(), length -> new LongSet(
            runs.stream().filter(other -> other.words() == length).flatMapToLong(other -> Arrays.stream(other.hashes()))
                .toArray()));
      }
      return new EvaluationSets(runs, all);
    }
  }

  /** @return runs of all sets, each once a set */
  public long size() {
    return runs.stream().mapToLong(some -> some.hashes().length).sum();
  }

  /** @return what a document shares with them, if anything */
  public Optional<Match> find(String text) {
    Words words = Words.of(text);
    long count = 0;
    int first = Integer.MAX_VALUE;
    int length = 0;
    long hash = 0;
    for (var some : byLength.entrySet()) {
      long[] grams = words.grams(some.getKey());
      for (int i = 0; i < grams.length; i++) {
        if (!some.getValue().contains(grams[i])) continue;
        count++;
        if (i >= first) continue;
        first = i;
        length = some.getKey();
        hash = grams[i];
      }
    }
    if (count == 0) return Optional.empty();
    int start = words.start(first);
    int end = first + length < words.count() ? words.start(first + length) : text.length();
    return Optional.of(new Match(set(length, hash), count, length, start, quoted(text, start, end)));
  }

  private String set(int length, long hash) {
    return runs.stream().filter(some -> some.words() == length && Arrays.binarySearch(some.hashes(), hash) >= 0)
        .map(Runs::set)
        .findFirst().orElseThrow();
  }

  private static String quoted(String text, int start, int end) {
    int until = Math.min(end, start + QUOTED);
    if (until < text.length() && Character.isLowSurrogate(text.charAt(until))) until--;
    return text.substring(start, until).strip();
  }
}
