package dev.kindling.train.loop;

import java.util.ArrayDeque;

/** Time spent in steps. What is left is told by the newest ones: the first are slow, until they are compiled. */
final class StepRate {
  private static final int NEWEST = 32;
  private final ArrayDeque<Double> newest = new ArrayDeque<>();
  private final long toDo;
  private long steps;
  private long tokens;
  private double seconds;
  private long lapTokens;
  private double lapSeconds;

  /** @param toDo steps */
  StepRate(long toDo) {
    this.toDo = toDo;
  }

  void add(long tokens, double seconds) {
    steps++;
    this.tokens += tokens;
    this.seconds += seconds;
    newest.add(seconds);
    if (newest.size() > Math.min(NEWEST, (steps + 1) / 2)) newest.remove();
  }

  /** Of all steps. */
  long tokens() {
    return tokens;
  }

  /** Of all steps. */
  double seconds() {
    return seconds;
  }

  /** Tokens per second since the last call. */
  double lap() {
    double rate = (tokens - lapTokens) / Math.max(1e-9, seconds - lapSeconds);
    lapTokens = tokens;
    lapSeconds = seconds;
    return rate;
  }

  /** NaN as long as only the first step is known. */
  double secondsLeft() {
    if (steps == 1 && toDo > 1) return Double.NaN;
    return newest.stream().mapToDouble(Double::doubleValue).average().orElse(0) * (toDo - steps);
  }
}
