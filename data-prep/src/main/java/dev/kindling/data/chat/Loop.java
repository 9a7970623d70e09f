package dev.kindling.data.chat;

import java.util.List;

/** The {@code loop} within a {@code for} (Jinja's documentation, "For"). */
final class Loop {
  private final List<Object> all;
  private final int depth;
  private int at;
  private Object changedWith = this;

  /** @param depth of loops around this one */
  Loop(List<Object> all, int depth) {
    this.all = all;
    this.depth = depth;
  }

  void at(int index) {
    at = index;
  }

  int depth() {
    return depth;
  }

  /** @return null where there is no such field */
  Object field(String name) {
    return switch (name) {
      case "index" -> at + 1L;
      case "index0" -> (long) at;
      case "revindex" -> (long) all.size() - at;
      case "revindex0" -> all.size() - at - 1L;
      case "first" -> at == 0;
      case "last" -> at == all.size() - 1;
      case "length" -> (long) all.size();
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" -> at == 0 ? new Undefined("there is no previous item") : orNone(all.get(at - 1));
      case "nextitem" -> at == all.size() - 1 ? new Undefined("there is no next item") : orNone(all.get(at + 1));
      case "cycle" -> (Callable) (by, named) -> by.get(at % by.size());
      case "changed" -> (Callable) (by, named) -> {
        boolean changed = changedWith == this || !Values.isEqual(changedWith, by);
        changedWith = by;
        return changed;
      };
      default -> null;
    };
  }

  private static Object orNone(Object item) {
    return item == null ? new Undefined("the item is none") : item;
  }
}
