package dev.kindling.train.profile;

import dev.kindling.train.kernel.Logits;
import dev.kindling.train.kernel.PackedWeight;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.io.Serializable;

/**
 * A matrix product [rows, inner] · [inner, columns] within an operation.
 *
 * @param type of the factors
 * @param times how often the operation multiplies so: a loss with its gradients three times
 */
public record Product(long rows, long inner, long columns, DType type, int times) implements Serializable {
  /** Multiplications and additions of all of them. */
  public double flops() {
    return 2.0 * rows * inner * columns * times;
  }

  /** The same once. */
  Product once() {
    return new Product(rows, inner, columns, type, 1);
  }

  /** What a call of {@link dev.kindling.train.kernel.Kernels} multiplies; null: nothing, or nothing that is one product. */
  static Product of(String operation, Object[] arguments) {
    return switch (operation) {
      case "linear" -> linear((Tensor) arguments[0], (PackedWeight) arguments[1], 1);
      case "linearInputGradient" -> {
        PackedWeight w = (PackedWeight) arguments[1];
        yield new Product(((Tensor) arguments[0]).rows(), w.out(), w.in(), w.type(), 1);
      }
      case "linearWeightGradient" -> {
        Tensor x = (Tensor) arguments[0];
        yield new Product(x.dim(-1), x.rows(), ((Tensor) arguments[1]).dim(-1), x.type(), 1);
      }
      case "matmul" -> {
        Tensor a = (Tensor) arguments[0];
        Tensor c = (Tensor) arguments[4];
        boolean bfloat16 = (Boolean) arguments[7];
        yield new Product(c.dim(0), a.size() / c.dim(0), c.dim(1), bfloat16 ? DType.BFLOAT16 : DType.FLOAT32, 1);
      }
      case "crossEntropy" ->
        linear((Tensor) arguments[0], ((Logits) arguments[1]).head(), arguments[4] == null ? 1 : 3);
      default -> null;
    };
  }

  private static Product linear(Tensor x, PackedWeight w, int times) {
    return new Product(x.rows(), w.in(), w.out(), w.type(), times);
  }

  @Override
  public String toString() {
    return rows + "×" + inner + "×" + columns + (type == DType.BFLOAT16 ? " bf16" : " float32");
  }
}
