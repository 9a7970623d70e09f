package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Multiply;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.tensor.DType;

/** y = x W + b: {@code weight}, stored either way round, and where there is one {@code bias} [out]. */
public final class Linear {
  private final Weight weight;
  private final Weight bias;

  private Linear(Weight weight, Weight bias) {
    this.weight = weight;
    this.bias = bias;
  }

  /** How a model's matrices are stored. @param bias whether each has one */
  public record Form(Orientation orientation, boolean bias) {
    /** GPT-2's. */
    public static final Form CONV1D = new Form(Orientation.IN_OUT, true);
    public static final Form TORCH = new Form(Orientation.OUT_IN, true);
    public static final Form TORCH_BARE = new Form(Orientation.OUT_IN, false);

    /** Torch's. */
    public static Form torch(boolean bias) {
      return bias ? TORCH : TORCH_BARE;
    }
  }

  /** @param weights under the layer's own name */
  public static Linear of(Weights weights, Form form, long in, long out, Initial initial) {
    return of(weights, form, in, out, null, initial);
  }

  /** @param stacked the several matrices that it is */
  public static Linear of(Weights weights, Form form, long in, long out, Stacked stacked, Initial initial) {
    return new Linear(weights.matrix("weight", form.orientation, in, out, stacked, initial),
        form.bias ? weights.vector("bias", out, Initial.ZERO) : null);
  }

  /** A matrix of labels, which is a head to optimizers, with its bias; stored as torch has it. */
  public static Linear labels(Weights weights, long in, long labels, Initial initial) {
    return new Linear(weights.head("weight", labels, in, initial), weights.vector("bias", labels, Initial.ZERO));
  }

  /** @param x stored [rows, in]; @return stored [rows, out] */
  public Value forward(Value x) {
    return Multiply.of(x, weight, bias, x.type());
  }

  /** For what is added to a residual stream. @return float32 [rows, out] */
  public Value forwardToResidual(Value x) {
    return Multiply.of(x, weight, bias, DType.FLOAT32);
  }
}
