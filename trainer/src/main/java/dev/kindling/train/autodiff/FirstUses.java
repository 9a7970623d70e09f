package dev.kindling.train.autodiff;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Which operation of a micro-batch used each weight first. The way back ends there for that weight: what the operations before
 * add to gradients is not its own, so its gradient is whole.
 */
final class FirstUses {
  private record Use(Weight weight, int operation) {}

  private final Set<Weight> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Deque<Use> uses = new ArrayDeque<>();      // the latest operation first

  void clear() {
    seen.clear();
    uses.clear();
  }

  /** @param operation its number on the tape, never less than in the calls before */
  void add(Operation used, int operation) {
    for (Weight weight : used.learned()) if (seen.add(weight)) uses.push(new Use(weight, operation));
  }

  /** All weights that were used. */
  Set<Weight> weights() {
    return Collections.unmodifiableSet(seen);
  }

  /** Names the weights that no operation before {@code operation} used, each once. */
  void takeFrom(int operation, Consumer<Weight> whole) {
    while (!uses.isEmpty() && uses.peek().operation >= operation) whole.accept(uses.pop().weight);
  }
}
