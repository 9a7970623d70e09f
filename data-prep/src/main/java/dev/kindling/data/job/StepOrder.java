package dev.kindling.data.job;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Names that reasons begin with, in the order in which what gives them runs. */
record StepOrder(List<String> names) {
  static StepOrder of(List<PrepStage> stages) {
    List<String> names = new ArrayList<>(List.of(DocumentRows.UNREADABLE, DocumentRows.WITHOUT_TEXT));
    for (PrepStage stage : stages) for (CorpusStep step : stage.steps()) names.addAll(step.reasons());
    return new StepOrder(names);
  }

  /** Those that are not known come last, as they were. */
  List<String> sorted(Collection<String> reasons) {
    return reasons.stream().sorted(Comparator.comparingInt(this::place)).toList();
  }

  private int place(String reason) {
    int at = names.indexOf(reason);
    return at < 0 ? names.size() : at;
  }
}
