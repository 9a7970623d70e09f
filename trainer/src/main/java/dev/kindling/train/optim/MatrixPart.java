package dev.kindling.train.optim;

import dev.kindling.train.model.Parameter;
import dev.kindling.train.nn.Stacked;
import java.util.ArrayList;
import java.util.List;

/**
 * One of the matrices that a parameter is: elements {@code start + k · stride + [0, run)} of it, for k = 0, 1, .., are the
 * matrix's in its order.
 */
record MatrixPart(long rows, long columns, long start, long run, long stride) {

  /** Queries, keys and values that share only their storage are three. */
  static List<MatrixPart> of(Parameter parameter) {
    long rows = parameter.shape()[0];
    long columns = parameter.shape()[1];
    Stacked stacked = parameter.stacked();
    if (stacked == null) return List.of(new MatrixPart(rows, columns, 0, columns, columns));
    long unit = stacked.alongRows() ? columns : 1;
    long cycle = stacked.runs().stream().mapToLong(Long::longValue).sum();
    long cycles = (stacked.alongRows() ? rows : columns) / cycle;
    if (cycles * cycle != (stacked.alongRows() ? rows : columns)) {
      throw new IllegalArgumentException(parameter + " does not hold " + stacked);
    }
    List<MatrixPart> parts = new ArrayList<>();
    long start = 0;
    for (long run : stacked.runs()) {
      parts.add(new MatrixPart(stacked.alongRows() ? cycles * run : rows, stacked.alongRows() ? columns : cycles * run,
          start * unit, run * unit, cycle * unit));
      start += run;
    }
    return parts;
  }
}
