package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Value;

/** What a block adds to the residual stream beside its attention. */
@FunctionalInterface
public interface Branch {
  /** @param x stored [rows, width]; @return float32 [rows, width] */
  Value forward(Value x, Pass pass);
}
