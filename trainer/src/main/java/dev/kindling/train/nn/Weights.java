package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Weight;

/** Where layers get their weights: a model lays them out, fills them and hands them back for the tape. */
public interface Weights {
  /** A matrix between hidden states. @param stacked null: it is one, else the several that it is */
  Weight matrix(String name, Orientation orientation, long in, long out, Stacked stacked, Initial initial);

  /** A table of rows, [rows, width], that ids pick from. */
  Weight table(String name, long rows, long width, Initial initial);

  /** A head, [vocabulary, width], multiplied as its transpose; ids may pick its rows too, where it is tied. */
  Weight head(String name, long vocabulary, long width, Initial initial);

  /** A bias or a scale, [size]. */
  Weight vector(String name, long size, Initial initial);

  /** A table that is given, not learned: stored with the weights, but no parameter. @param values [rows · width] */
  Weight fixed(String name, long rows, long width, float[] values);

  /** The same place; names there begin with {@code prefix} and a dot. */
  Weights under(String prefix);
}
