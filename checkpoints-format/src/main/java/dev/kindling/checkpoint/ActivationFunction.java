package dev.kindling.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The function between the matrices of a feed-forward layer, with the names that {@code config.json} has for it. */
public enum ActivationFunction {
  /** x Φ(x), Φ by the error function (Hendrycks and Gimpel 2016). */
  GELU("gelu"),
  /** Its approximation by a tanh (the same paper, section 2). */
  GELU_TANH("gelu_new", "gelu_pytorch_tanh", "gelu_fast"),
  /** max(x, 0). */
  RELU("relu"),
  /** x / (1 + e⁻ˣ). */
  SILU("silu", "swish");

  private final List<String> names;

  ActivationFunction(String... names) {
    this.names = List.of(names);
  }

  /** What Hugging Face calls it in the files that we write. */
  public String hubName() {
    return names.get(0);
  }

  /** @throws IllegalArgumentException for a name that is not {@link #names}' */
  public static ActivationFunction named(String name) {
    return Arrays.stream(values()).filter(a -> a.names.contains(name)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no activation " + name));
  }

  /** All names that are read. */
  public static List<String> names() {
    List<String> all = new ArrayList<>();
    for (ActivationFunction a : values()) all.addAll(a.names);
    return all;
  }
}
