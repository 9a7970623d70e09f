package dev.kindling.data.shard;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.label.LabelKind;
import java.util.ArrayList;
import java.util.List;

/**
 * What the documents of a dataset are labelled with.
 *
 * @param kind as {@link LabelKind#label} has it
 * @param classes in the order of their numbers; none where labels are numbers
 * @param smallest of the labels that are numbers, and {@code largest}; null where they are classes, or there are none
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DatasetLabels(String kind, List<Label> classes,
    @JsonInclude(JsonInclude.Include.NON_NULL) Double smallest,
    @JsonInclude(JsonInclude.Include.NON_NULL) Double largest) {
  /** A class, and how many documents have it, or where words are labelled, how many words. */
  public record Label(String name, long training, long heldOut) {}

  /** @throws UserError naming the field that is missing or not allowed */
  public DatasetLabels {
    if (classes == null) throw new UserError("labels.classes is missing");
    classes = List.copyOf(classes);
    of(kind);
  }

  /** What a label is. */
  public LabelKind labelKind() {
    return of(kind);
  }

  private static LabelKind of(String kind) {
    for (LabelKind known : LabelKind.values()) if (known.label().equals(kind)) return known;
    throw new UserError("labels.kind is " + kind + "; it must be class, classes, number or tags");
  }

  /** Of the classes, in the order of their numbers. */
  public List<String> names() {
    return classes.stream().map(Label::name).toList();
  }

  /** Those of both. @param other with the same classes */
  DatasetLabels plus(DatasetLabels other) {
    List<Label> both = new ArrayList<>();
    for (int i = 0; i < classes.size(); i++) {
      Label one = classes.get(i);
      Label more = other.classes.get(i);
      if (!one.name().equals(more.name()))
        throw new IllegalArgumentException("label " + i + " is " + one.name() + " and " + more.name());
      both.add(new Label(one.name(), one.training() + more.training(), one.heldOut() + more.heldOut()));
    }
    if (smallest == null || other.smallest == null) {
      DatasetLabels told = smallest == null ? other : this;
      return new DatasetLabels(kind, both, told.smallest, told.largest);
    }
    return new DatasetLabels(kind, both, Math.min(smallest, other.smallest), Math.max(largest, other.largest));
  }
}
