package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.shard.DatasetLabels;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;

/** What documents, or their words, are labelled with, and how many with each. */
final class LabelCounts implements Serializable {
  private static final long serialVersionUID = 1L;
  /** More classes are rather texts, or ids. */
  private static final int MOST = 1 << 17;

  private final LabelKind kind;
  private final TreeMap<LabelledText.Name, Count> classes = new TreeMap<>();
  private double smallest = Double.POSITIVE_INFINITY;
  private double largest = Double.NEGATIVE_INFINITY;

  private LabelCounts(LabelKind kind) {
    this.kind = kind;
  }

  /** @param document the id of one, the smallest */
  private record Count(long training, long heldOut, String document) implements Serializable {
    Count plus(Count other) {
      return new Count(training + other.training, heldOut + other.heldOut,
          document.compareTo(other.document) <= 0 ? document : other.document);
    }
  }

  /**
   * Merged where the documents are: of ids that were taken for classes the driver never sees more than a few times {@link #MOST}.
   *
   * @param kept documents of the dataset; @throws UserError where there are too many classes
   */
  static LabelCounts of(JavaRDD<CleanDocument> kept, LabelKind kind, DocumentOrder order) {
    return kept.treeAggregate(new LabelCounts(kind), (counts, document) -> counts.plus(document, order),
        LabelCounts::plus);
  }

  private LabelCounts plus(CleanDocument document, DocumentOrder order) {
    if (kind == LabelKind.NUMBER) {
      found(LabelledText.parse(document.text()).orElseThrow().label().doubleValue());
    } else {
      boolean heldOut = order.isHeldOut(document.id());
      Count one = new Count(heldOut ? 0 : 1, heldOut ? 1 : 0, document.id());
      for (LabelledText.Name name : names(document.text())) add(name, one);
    }
    return this;
  }

  /** Of a document each class once, of words each word's. */
  private List<LabelledText.Name> names(String text) {
    return kind == LabelKind.TAGS
        ? TaggedWords.parse(text).orElseThrow().tags()
        : LabelledText.parse(text).orElseThrow().names();
  }

  private LabelCounts plus(LabelCounts other) {
    other.classes.forEach(this::add);
    smallest = Math.min(smallest, other.smallest);
    largest = Math.max(largest, other.largest);
    return this;
  }

  private void add(LabelledText.Name name, Count count) {
    classes.merge(name, count, Count::plus);
    if (classes.size() > MOST)
      throw new UserError("there are more than " + MOST + " classes, such as '" + name.text() + "' of document "
          + count.document() + "; " + field() + " must name what " + labelled() + " are sorted by");
  }

  private void found(double number) {
    smallest = Math.min(smallest, number);
    largest = Math.max(largest, number);
  }

  /**
   * Those of the dataset, their names sorted; whole numbers by what they are.
   *
   * @param former the dataset that the documents are added to, which has all classes
   * @throws UserError where some are numbers and others texts, one is new to the former dataset, or there is nothing to tell apart
   */
  DatasetLabels labels(Optional<Former> former) {
    if (kind == LabelKind.NUMBER) {
      boolean none = smallest > largest;
      return new DatasetLabels(kind.label(), List.of(), none ? null : smallest, none ? null : largest);
    }
    if (!classes.isEmpty() && classes.firstKey().whole() != classes.lastKey().whole())
      throw new UserError("some classes are whole numbers, such as " + told(classes.firstEntry())
          + ", others are texts, such as " + told(classes.lastEntry()) + "; make all of them one or the other");
    TreeMap<String, Count> byName = new TreeMap<>();
    classes.forEach((name, count) -> byName.put(name.text(), count));
    List<String> names = former.map(of -> of.info().labels().names())
        .orElseGet(() -> classes.keySet().stream().map(LabelledText.Name::text).toList());
    former.ifPresent(of -> refuseNew(of, names));
    int fewest = kind == LabelKind.CLASSES ? 1 : 2;
    if (names.size() < fewest)
      throw new UserError(names.isEmpty()
          ? "no text is labelled with a class; " + field() + " must name where they are"
          : "all " + labelled() + " are of one class, '" + names.get(0) + "'; there must be two to tell apart");
    List<DatasetLabels.Label> labels = new ArrayList<>();
    for (String name : names) {
      Count count = byName.getOrDefault(name, new Count(0, 0, ""));
      labels.add(new DatasetLabels.Label(name, count.training(), count.heldOut()));
    }
    return new DatasetLabels(kind.label(), labels, null, null);
  }

  private String labelled() {
    return kind == LabelKind.TAGS ? "words" : "texts";
  }

  private String field() {
    return kind == LabelKind.TAGS ? "tagsField" : "labelField";
  }

  private void refuseNew(Former former, List<String> names) {
    Set<String> known = Set.copyOf(names);
    for (Map.Entry<LabelledText.Name, Count> found : classes.entrySet())
      if (!known.contains(found.getKey().text()))
        throw new UserError("the class " + told(found) + " is new to the dataset in " + former.folder()
            + ", which has " + String.join(", ", names.subList(0, Math.min(10, names.size())))
            + (names.size() > 10 ? ", ..." : "") + "; mend it, or make a new dataset of all files");
  }

  private static String told(Map.Entry<LabelledText.Name, Count> one) {
    LabelledText.Name name = one.getKey();
    return (name.whole() ? name.text() : "'" + name.text() + "'") + " of document " + one.getValue().document();
  }
}
