package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.tokenizer.CountedWord;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.UnigramTrainer;
import dev.kindling.data.tokenizer.UnigramTraining;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Trains a unigram tokenizer where the words are: executors keep the counted words and add up what the training asks for, the driver has
 * the pieces. No more than {@link UnigramTrainer#SEEDS} pieces and a partition's words, which may lie on disk, are in one memory.
 */
final class UnigramSource implements UnigramTraining.Corpus {
  private static final int DEPTH = 2;

  private final JavaSparkContext spark;
  private final JavaRDD<CountedWord> words;

  private UnigramSource(JavaSparkContext spark, JavaRDD<CountedWord> words) {
    this.spark = spark;
    this.words = words;
  }

  /** @param counted all words, each once; @param progress is told what is going on */
  static Tokenizer train(JavaRDD<CountedWord> counted, int vocabularySize, Consumer<String> progress) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(counted.context());
    JavaPairRDD<String, Long> characters = counted.flatMapToPair(word -> word.word().codePoints()
        .mapToObj(c -> new Tuple2<>(Character.toString(c), word.count())).iterator()).reduceByKey(Math::addExact);
    List<CountedWord> all = characters.map(one -> new CountedWord(one._1(), one._2())).collect();
    Set<String> alphabet = new HashSet<>(UnigramTrainer.alphabet(all, vocabularySize));
    JavaRDD<CountedWord> parts = counted(counted,
        word -> parts(word.word(), alphabet).iterator()).persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<CountedWord> substrings = counted(parts, part -> substrings(part.word()).iterator())
        .filter(piece -> piece.count() > 1).persist(StorageLevel.MEMORY_AND_DISK());
    try {
      long count = substrings.count();
      List<CountedWord> seeds = count <= UnigramTrainer.SEEDS
          ? substrings.collect()
          : substrings.takeOrdered(UnigramTrainer.SEEDS, UnigramTrainer.BY_WEIGHT);
      substrings.unpersist();
      List<CountedWord> kept = all.stream().filter(one -> alphabet.contains(one.word())).toList();
      return UnigramTrainer.tokenizer(UnigramTraining.train(new UnigramSource(spark, parts), kept, seeds,
          UnigramTrainer.pieces(vocabularySize),
          left -> progress.accept(String.format("  %,d pieces are left", left))));
    } catch (UserError e) {
      throw new UserError("vocabularySize is " + vocabularySize + "; " + e.getMessage(), e);
    } finally {
      substrings.unpersist();
      parts.unpersist();
    }
  }

  /** What a word is made into, serializable. */
  private interface Pieces extends java.io.Serializable, Function<CountedWord, Iterator<String>> {}

  private static JavaRDD<CountedWord> counted(JavaRDD<CountedWord> words, Pieces pieces) {
    return words.flatMapToPair(word -> {
      Iterator<String> all = pieces.apply(word);
      return new Iterator<Tuple2<String, Long>>() {
        @Override
        public boolean hasNext() {
          return all.hasNext();
        }

        @Override
        public Tuple2<String, Long> next() {
          return new Tuple2<>(all.next(), word.count());
        }
      };
    }).reduceByKey(Math::addExact).map(one -> new CountedWord(one._1(), one._2()));
  }

  private static List<String> parts(String word, Set<String> alphabet) {
    List<String> parts = new ArrayList<>();
    UnigramTrainer.forEachPart(word, alphabet, parts::add);
    return parts;
  }

  private static List<String> substrings(String part) {
    List<String> substrings = new ArrayList<>();
    UnigramTrainer.forEachSubstring(part, substrings::add);
    return substrings;
  }

  @Override
  public long[] sum(UnigramTraining.Model model, UnigramTraining.Counts counts) {
    Broadcast<UnigramTraining.Model> shared = spark.broadcast(model);
    try {
      return words.mapPartitions(partition -> {
        UnigramTraining.Counter counter = shared.value().counter(counts);
        partition.forEachRemaining(counter::add);
        return List.of(counter.sums()).iterator();
      }).treeReduce((a, b) -> {
        for (int i = 0; i < a.length; i++) a[i] = Math.addExact(a[i], b[i]);
        return a;
      }, DEPTH);
    } finally {
      shared.destroy();
    }
  }
}
