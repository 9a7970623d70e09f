package dev.kindling.jobs.pipeline;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.config.NearestName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Stages in an order in which each comes after those that it needs; where several are possible, the order of the file. */
record StageGraph(List<Stage> inOrder, Map<String, Set<String>> needs) {
  /** @throws UserError where a name is there twice or not at all, or stages wait for one another */
  static StageGraph of(List<Stage> stages) {
    Map<String, Stage> byName = new LinkedHashMap<>();
    for (Stage stage : stages) {
      if (byName.put(stage.name(), stage) != null) {
        throw new UserError("stages has two that are named " + stage.name() + "; give each a name of its own");
      }
    }
    Map<String, Set<String>> needs = new LinkedHashMap<>();
    for (Stage stage : stages) {
      Set<String> of = new LinkedHashSet<>();
      for (String name : stage.after()) {
        if (!byName.containsKey(name)) throw unknown(stages.indexOf(stage), stage, name, byName.keySet());
        of.add(name);
      }
      for (Stage other : stages) if (other != stage && stage.readsFrom(other)) of.add(other.name());
      needs.put(stage.name(), of);
    }
    return new StageGraph(ordered(byName, needs), needs);
  }

  /** Begins with the key, for its line. */
  private static UserError unknown(int index, Stage stage, String name, Set<String> there) {
    return new UserError(
        "stages[" + index + "].after: stage " + stage.name() + " comes after " + name + ", which is no stage"
            + NearestName.of(name, there).map(near -> "; did you mean " + near + "?").orElse("") + " (stages: "
            + String.join(", ", there) + ")");
  }

  private static List<Stage> ordered(Map<String, Stage> byName, Map<String, Set<String>> needs) {
    List<Stage> order = new ArrayList<>();
    Set<String> done = new LinkedHashSet<>();
    while (order.size() < byName.size()) {
      Stage next = byName.values().stream().filter(s -> !done.contains(s.name()))
          .filter(s -> done.containsAll(needs.get(s.name()))).findFirst().orElse(null);
      if (next == null) throw new UserError("stages wait for one another: " + cycle(byName.keySet(), done, needs));
      order.add(next);
      done.add(next.name());
    }
    return order;
  }

  /** From any stage that is left, one goes to one that it needs, until a name comes again. */
  private static String cycle(Set<String> all, Set<String> done, Map<String, Set<String>> needs) {
    List<String> way = new ArrayList<>();
    String at = all.stream().filter(name -> !done.contains(name)).findFirst().orElseThrow();
    while (!way.contains(at)) {
      way.add(at);
      at = needs.get(at).stream().filter(name -> !done.contains(name)).findFirst().orElseThrow();
    }
    way.add(at);
    return String.join(" after ", way.subList(way.indexOf(at), way.size()));
  }
}
