package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Routing;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * What the experts say, joined: y[r] = Σ over the experts of row r, in order, of weight · what that expert said of r. Back: each
 * expert gets weight · dy[r], its weight the product of dy[r] with what it said.
 *
 * @param said of each part, float32 or stored [n, width]
 * @param y float32 [rows, width]
 */
public record Combine(Route route, List<Route.Part> parts, List<Value> said, Value y) implements Operation {
  public static Value of(Route route, List<Route.Part> parts, List<Value> said) {
    Tape tape = route.logits().tape();
    Value y = tape.value(DType.FLOAT32, route.chosen().rows(), said.get(0).data().dim(-1));
    Raw.zero(y.data().address(), y.data().bytes());
    Tensor weights = route.weights().use();
    for (int i = 0; i < said.size(); i++) {
      Route.Part part = parts.get(i);
      tape.kernels().routing().combine(said.get(i).use(), part.rows(), part.slots(), weights, y.data());
    }
    tape.record(new Combine(route, parts, said, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    Routing kernels = tape.kernels().routing();
    Value weights = route.weights();
    tape.flow(weights, DType.FLOAT32, dWeights -> {
      for (int i = 0; i < said.size(); i++) {
        Value from = said.get(i);
        Route.Part part = parts.get(i);
        tape.flow(from, Tape.gradientType(from), d -> kernels.combineGradient(from.data(), part.rows(), part.slots(),
            weights.data(), y.dy(), d, dWeights));
      }
    });
    tape.done(y);
  }
}
