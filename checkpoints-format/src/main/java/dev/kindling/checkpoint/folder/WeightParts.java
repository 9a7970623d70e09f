package dev.kindling.checkpoint.folder;

import dev.kindling.checkpoint.TensorSpec;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Who of several writes which of a model's tensors, so that all write at once, files of their own. All must have the same.
 *
 * @param count writers; one that has no tensor writes no file
 * @param of by a tensor's name: its writer, from 0
 */
public record WeightParts(int count, ToIntFunction<String> of) {
  /** One writes all. */
  public static final WeightParts WHOLE = new WeightParts(1, name -> 0);

  /** Those of one writer, in their order. */
  public List<TensorSpec> tensors(List<TensorSpec> all, int part) {
    return all.stream().filter(t -> of.applyAsInt(t.name()) == part).toList();
  }
}
