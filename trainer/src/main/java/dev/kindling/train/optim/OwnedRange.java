package dev.kindling.train.optim;

import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of one parameter that a rank owns.
 *
 * @param from first element within the parameter
 * @param to one past the last
 */
public record OwnedRange(Parameter parameter, long from, long to) {
  public long size() {
    return to - from;
  }

  /** Whether all of the parameter is here. */
  public boolean isWhole() {
    return from == 0 && to == parameter.size();
  }

  /** This range's elements of a flat vector, one-dimensional. */
  public Tensor in(Tensor flat) {
    return flat.slice(parameter.offset() + from, size());
  }

  /** What of the flat vector's elements [from, to) is weights, in the layout's order; the gaps between them are not. */
  public static List<OwnedRange> of(ParameterLayout layout, long from, long to) {
    List<OwnedRange> owned = new ArrayList<>();
    for (Parameter p : layout.parameters()) {
      long first = Math.max(from, p.offset());
      long last = Math.min(to, p.offset() + p.size());
      if (first < last) owned.add(new OwnedRange(p, first - p.offset(), last - p.offset()));
    }
    return owned;
  }
}
