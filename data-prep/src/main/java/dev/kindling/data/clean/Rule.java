package dev.kindling.data.clean;

import java.io.Serializable;
import java.util.List;

/** One step of cleaning, a pure function of one text: it changes the text, or says why the document goes. */
public interface Rule extends Serializable {
  /** What reasons begin with, such as {@code length}; a rule with several tests puts the test behind a dot. */
  String name();

  /** The names of its tests in their order; none where it is one. */
  default List<String> tests() {
    return List.of();
  }

  /** @param text well-formed Unicode, as {@link Normalizer} leaves it; @return well-formed Unicode again */
  Outcome apply(String text);
}
