package dev.kindling.data.job;

import dev.kindling.data.tokenizer.CountedWord;
import dev.kindling.data.tokenizer.TokenizerKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/** How often each word occurs in a corpus, counted by Spark in 64 bits. */
final class WordCounts {
  /** Different words that a task keeps before it hands their counts to the shuffle. */
  private static final int WORDS_IN_MEMORY = 1 << 20;

  private WordCounts() {
  }

  static List<CountedWord> of(JavaRDD<String> texts, TokenizerKind kind) {
    return counted(texts, kind).collect();
  }

  /** Each word once. */
  static JavaRDD<CountedWord> counted(JavaRDD<String> texts, TokenizerKind kind) {
    return texts.mapPartitions(partition -> new Counting(partition, kind))
        .mapToPair(counted -> new Tuple2<>(counted.word(), counted.count()))
        .reduceByKey(Math::addExact).map(pair -> new CountedWord(pair._1(), pair._2()));
  }

  /** Counts the words of a partition; whenever there are too many different ones, it gives out what it has and starts anew. */
  private static final class Counting implements Iterator<CountedWord> {
    private final Iterator<String> texts;
    private final TokenizerKind kind;
    private Iterator<CountedWord> ready = List.<CountedWord>of().iterator();

    Counting(Iterator<String> texts, TokenizerKind kind) {
      this.texts = texts;
      this.kind = kind;
    }

    @Override
    public boolean hasNext() {
      while (!ready.hasNext() && texts.hasNext()) ready = countMore();
      return ready.hasNext();
    }

    @Override
    public CountedWord next() {
      if (!hasNext()) throw new NoSuchElementException();
      return ready.next();
    }

    private Iterator<CountedWord> countMore() {
      Map<String, long[]> counts = new HashMap<>();
      while (texts.hasNext() && counts.size() < WORDS_IN_MEMORY) {
        kind.forEachWord(texts.next(), word -> counts.computeIfAbsent(word, w -> new long[1])[0]++);
      }
      List<CountedWord> words = new ArrayList<>(counts.size());
      counts.forEach((word, count) -> words.add(new CountedWord(word, count[0])));
      return words.iterator();
    }
  }
}
