package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Optional;

/**
 * Looks at what operations read and give, in the order in which they run, until a number is not finite. Operations are records, and
 * what they read and gave are their components: it is for the one micro-batch after which a run ends, and may be slow.
 */
final class NonFiniteWatch {
  private Optional<String> found = Optional.empty();
  private String lastWeight = "the input";

  /** @return the weight that was multiplied with or the operation, and what came out */
  Optional<String> found() {
    return found;
  }

  void ran(Operation operation) {
    if (found.isPresent()) return;
    String weight = null;
    Optional<String> bad = Optional.empty();
    for (RecordComponent component : operation.getClass().getRecordComponents()) {
      Object part = read(component, operation);
      if (part instanceof Weight w && weight == null) weight = w.name();
      if (part instanceof Value v && bad.isEmpty()) bad = firstIn(v.data());
    }
    if (weight != null) lastWeight = weight;
    String name = operation.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    String place = weight != null ? weight + " (" + name + ")" : name + " after " + lastWeight;
    found = bad.map(number -> number + " came out of " + place);
  }

  /** The first number of a float tensor that is not finite, as text. */
  static Optional<String> firstIn(Tensor tensor) {
    if (tensor == null || tensor.type() == DType.INT32) return Optional.empty();
    boolean wide = tensor.type() == DType.FLOAT32;
    for (long i = 0; i < tensor.size(); i++) {
      long at = tensor.address() + i * tensor.type().bytes();
      float number = wide ? Raw.getFloat(at) : Raw.getBfloat16(at);
      if (!Float.isFinite(number)) return Optional.of(Float.toString(number));
    }
    return Optional.empty();
  }

  private static Object read(RecordComponent component, Operation from) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(from);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("reading " + component, e);
    }
  }
}
