package dev.kindling.train.evaluate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Named entities among the labels of words: B- begins one of a type, I- goes on with it, O is outside of any (IOB2; Ramshaw and Marcus
 * 1995, Tjong Kim Sang and De Meulder 2003). What breaks these rules is read as by conlleval and seqeval:
 *
 * <pre>
 *   B-PER I-PER O     B-PER B-PER       O I-PER I-PER     B-PER I-LOC
 *   [   PER   ]       [PER] [PER]         [   PER   ]     [PER] [LOC]      an I- that goes on with nothing begins one
 * </pre>
 *
 * @param begins of each label, whether it is a B-
 * @param types of each label; null: it is O
 */
record EntityTags(List<Boolean> begins, List<String> types) {
  /** An entity of some words. @param end behind its last word */
  record Entity(String type, int start, int end) {}

  /** @param labels their names, in the order of their numbers; @return empty where some are other labels, or none is of an entity */
  static Optional<EntityTags> of(List<String> labels) {
    List<Boolean> begins = new ArrayList<>();
    List<String> types = new ArrayList<>();
    for (String label : labels) {
      boolean outside = label.equals("O");
      boolean inside = label.length() > 2 && (label.startsWith("B-") || label.startsWith("I-"));
      if (!outside && !inside) return Optional.empty();
      begins.add(label.startsWith("B-"));
      types.add(outside ? null : label.substring(2));
    }
    return labels.stream().allMatch("O"::equals) ? Optional.empty() : Optional.of(new EntityTags(begins, types));
  }

  /** @param labels of the words of one text, in their order */
  Set<Entity> in(int[] labels) {
    Set<Entity> entities = new HashSet<>();
    int start = 0;
    String open = null;
    for (int i = 0; i <= labels.length; i++) {
      String type = i == labels.length ? null : types.get(labels[i]);
      boolean goesOn = open != null && open.equals(type) && !begins.get(labels[i]);
      if (goesOn) continue;
      if (open != null) entities.add(new Entity(open, start, i));
      open = type;
      start = i;
    }
    return entities;
  }
}
