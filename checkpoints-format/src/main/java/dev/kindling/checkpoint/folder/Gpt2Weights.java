package dev.kindling.checkpoint.folder;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * GPT-2's weights under the names of {@link Gpt2Config#tensors()}, whoever wrote the file: the original checkpoints
 * lack the prefix {@code transformer.} and carry the causal masks, {@code attn.bias} and {@code attn.masked_bias},
 * which are no weights. A tied model's head is not there even where the file repeats it.
 */
final class Gpt2Weights implements WeightSource {
  private static final Logger LOG = LoggerFactory.getLogger(Gpt2Weights.class);
  private static final String PREFIX = "transformer.", HEAD = "lm_head.weight";
  private static final Pattern MASK = Pattern.compile("transformer\\.h\\.\\d+\\.attn\\.(masked_)?bias");

  private final WeightSource stored;
  private final Map<String, String> storedName;
  private final List<TensorSpec> tensors;

  private Gpt2Weights(WeightSource stored, Map<String, String> storedName, List<TensorSpec> tensors) {
    this.stored = stored;
    this.storedName = storedName;
    this.tensors = tensors;
  }

  /**
   * @param where the file or folder, for errors; @throws UserError naming the tensor that is missing or has another
   * shape
   */
  static Gpt2Weights of(Gpt2Config config, WeightSource stored, String where) {
    Map<String, TensorSpec> found = new LinkedHashMap<>();
    for (TensorSpec t : stored.tensors()) {
      String name = t.name().startsWith(PREFIX) || t.name().equals(HEAD) ? t.name() : PREFIX + t.name();
      if (found.put(name, t) != null)
        throw new UserError(where + " holds " + name + " twice, with and without its prefix");
    }
    Map<String, String> storedName = new LinkedHashMap<>();
    List<TensorSpec> tensors = new ArrayList<>();
    for (TensorSpec wanted : config.tensors()) {
      TensorSpec is = found.remove(wanted.name());
      if (is == null) throw missing(wanted, where);
      if (!Arrays.equals(is.shape(), wanted.shape())) {
        throw new UserError(where + ": " + wanted.name() + " has the shape " + Arrays.toString(is.shape())
            + "; config.json asks for " + Arrays.toString(wanted.shape()));
      }
      if (!is.type().floating())
        throw new UserError(where + ": " + wanted.name() + " is " + is.type() + "; F32, F16 and BF16 are read");
      storedName.put(wanted.name(), is.name());
      tensors.add(wanted.as(is.type()));
    }
    found.keySet().removeIf(name -> MASK.matcher(name).matches() || config.tiedHead() && name.equals(HEAD));
    if (!found.isEmpty())
      LOG.warn("{}: not used, as GPT-2 has no such tensors: {}", where, new TreeSet<>(found.keySet()));
    return new Gpt2Weights(stored, storedName, List.copyOf(tensors));
  }

  private static UserError missing(TensorSpec wanted, String where) {
    String why = wanted.name().equals(HEAD)
        ? "; config.json says tie_word_embeddings is false, so the head needs weights of its own (true shares those of transformer.wte.weight)"
        : "; config.json asks for it, with the shape " + Arrays.toString(wanted.shape());
    return new UserError(where + ": the tensor " + wanted.name() + " is missing" + why);
  }

  @Override
  public List<TensorSpec> tensors() {
    return tensors;
  }

  @Override
  public void read(String name, long from, float[] into, int offset, int count) {
    String is = storedName.get(name);
    if (is == null) throw new IllegalArgumentException("no tensor " + name);
    stored.read(is, from, into, offset, count);
  }
}
