package dev.kindling.checkpoint;

import java.util.ArrayList;
import java.util.List;

/** The tensors of a model while they are listed; all float32. */
final class TensorList {
  private final List<TensorSpec> all = new ArrayList<>();

  void add(String name, long... shape) {
    all.add(TensorSpec.float32(name, shape));
  }

  /** Torch's Linear: weight [out, in], and a bias [out] where there is one. */
  void linear(String name, long out, long in, boolean bias) {
    add(name + ".weight", out, in);
    if (bias) add(name + ".bias", out);
  }

  /** A layer norm's scale and shift. */
  void norm(String name, long width) {
    add(name + ".weight", width);
    add(name + ".bias", width);
  }

  List<TensorSpec> list() {
    return List.copyOf(all);
  }
}
