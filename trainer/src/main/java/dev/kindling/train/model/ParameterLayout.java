package dev.kindling.train.model;

import dev.kindling.train.nn.Stacked;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All parameters of a model side by side in one flat float32 vector. Weights, gradients and optimizer states share the
 * layout, so that ranks exchange ranges of elements and know nothing of models. Gaps between parameters stay zero.
 */
public final class ParameterLayout {
  /** Elements; a whole number of vectors, and of what kernels may read past a row's end. */
  public static final int ALIGNMENT = 64;
  private final Map<String, Parameter> parameters;
  private final long size;

  private ParameterLayout(Map<String, Parameter> parameters, long size) {
    this.parameters = parameters;
    this.size = size;
  }

  /** In the order in which they were added. */
  public List<Parameter> parameters() {
    return List.copyOf(parameters.values());
  }

  public Parameter parameter(String name) {
    Parameter found = parameters.get(name);
    if (found == null) throw new IllegalArgumentException("no parameter " + name);
    return found;
  }

  /** Elements of the flat vector, gaps included. */
  public long size() {
    return size;
  }

  /** Elements that are weights. */
  public long count() {
    return parameters.values().stream().mapToLong(Parameter::size).sum();
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Lays parameters out one after the other. */
  public static final class Builder {
    private final List<Parameter> added = new ArrayList<>();
    private long size;

    public Builder add(String name, Parameter.Role role, long... shape) {
      return add(name, role, null, shape);
    }

    /** @param stacked the several matrices that it is, or null: it is one */
    public Builder add(String name, Parameter.Role role, Stacked stacked, long... shape) {
      added.add(new Parameter(name, shape.clone(), size, role, stacked));
      size += (Tensor.size(shape) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      return this;
    }

    public ParameterLayout build() {
      Map<String, Parameter> byName = new LinkedHashMap<>();
      for (Parameter p : added) byName.put(p.name(), p);
      return new ParameterLayout(byName, size);
    }
  }
}
