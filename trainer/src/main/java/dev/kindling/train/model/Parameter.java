package dev.kindling.train.model;

import dev.kindling.train.nn.Stacked;
import dev.kindling.train.tensor.Tensor;

/**
 * One weight of a model and its place in the flat vector of all of them.
 *
 * @param name as Hugging Face's files have it, such as {@code transformer.h.0.attn.c_attn.weight}
 * @param shape as its files have it
 * @param offset of its first element, in elements; a multiple of {@link ParameterLayout#ALIGNMENT}
 * @param role what an optimizer may want to know
 * @param stacked the several matrices that it is, or null: it is one
 */
public record Parameter(String name, long[] shape, long offset, Role role, Stacked stacked) {
  /** HIDDEN_MATRIX: a matrix product between hidden states; EMBEDDING: tables and heads; VECTOR: biases and norms. */
  public enum Role {
    HIDDEN_MATRIX, EMBEDDING, VECTOR
  }

  public long size() {
    return Tensor.size(shape);
  }

  /** This parameter's part of a flat vector in the layout's order. */
  public Tensor in(Tensor flat) {
    return flat.slice(offset, shape);
  }
}
