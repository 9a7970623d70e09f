package dev.kindling.data.job;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What a frame of documents holds, counted in one pass: kept, and dropped by each step. */
final class StageCounts implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int EXAMPLES = 3;
  private static final int EXCERPT = 200;

  private long documents;
  private long characters;
  private final Map<String, Dropped> dropped = new TreeMap<>();

  /** What one step dropped, with a few examples: those with the smallest ids, whatever the order of the rows. */
  static final class Dropped implements Serializable {
    private static final long serialVersionUID = 1L;

    private long documents;
    private long characters;
    private List<Example> examples = new ArrayList<>();

    long documents() {
      return documents;
    }

    long characters() {
      return characters;
    }

    List<Example> examples() {
      return examples;
    }

    private void add(String id, String reason, String text, Excerpts excerpts) {
      documents++;
      characters += text.length();
      boolean full = examples.size() == EXAMPLES;
      if (!full || examples.get(EXAMPLES - 1).id().compareTo(id) >= 0)
        addExamples(List.of(new Example(id, reason, excerpts.of(text))));
    }

    private void add(Dropped other) {
      documents += other.documents;
      characters += other.characters;
      addExamples(other.examples);
    }

    private void addExamples(List<Example> more) {
      List<Example> both = new ArrayList<>(examples);
      both.addAll(more);
      both.sort(Comparator.comparing(Example::id).thenComparing(Example::excerpt));
      examples = new ArrayList<>(both.subList(0, Math.min(EXAMPLES, both.size())));
    }
  }

  /** A document that was dropped. */
  record Example(String id, String reason, String excerpt) implements Serializable {}

  static StageCounts of(Dataset<Row> frame, Excerpts excerpts) {
    JavaRDD<Row> rows = frame.select(Columns.ID, Columns.TEXT, Columns.DROPPED).javaRDD();
    StageCounts all = new StageCounts();
    rows.mapPartitions(partition -> count(partition, excerpts)).collect().forEach(all::add);
    return all;
  }

  long documents() {
    return documents;
  }

  /** UTF-16 code units of the kept texts. */
  long characters() {
    return characters;
  }

  Map<String, Dropped> dropped() {
    return dropped;
  }

  long droppedBy(String step) {
    return dropped.containsKey(step) ? dropped.get(step).documents() : 0;
  }

  /** All records: kept, dropped, and what could not be read. */
  long records() {
    return documents + dropped.values().stream().mapToLong(Dropped::documents).sum();
  }

  private static Iterator<StageCounts> count(Iterator<Row> rows, Excerpts excerpts) {
    StageCounts counts = new StageCounts();
    while (rows.hasNext()) {
      Row row = rows.next();
      String text = row.getString(1);
      if (row.isNullAt(2)) {
        counts.documents++;
        counts.characters += text.length();
      } else {
        String[] reason = row.getString(2).split(": ", 2);
        String why = reason[reason.length - 1];
        counts.dropped.computeIfAbsent(reason[0], name -> new Dropped()).add(row.getString(0),
            reason[0].equals(DocumentRows.UNREADABLE) ? excerpts.masked(why) : why, text, excerpts);
      }
    }
    return List.of(counts).iterator();
  }

  /** How a text begins, without half a character at its end. */
  static String excerpt(String text) {
    if (text.length() <= EXCERPT) return text;
    return text.substring(0, Character.isHighSurrogate(text.charAt(EXCERPT - 1)) ? EXCERPT - 1 : EXCERPT);
  }

  private void add(StageCounts other) {
    documents += other.documents;
    characters += other.characters;
    other.dropped.forEach((name, one) -> dropped.computeIfAbsent(name, step -> new Dropped()).add(one));
  }
}
