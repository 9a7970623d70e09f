package dev.kindling.checkpoint.folder;

import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightNames;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model's weights under the names of {@link ModelConfig#tensors()}, whoever wrote the file: some lack the family's
 * prefix, some carry masks or position tables, which are no weights. A tied model's head is not there even where the
 * file repeats it.
 */
final class NamedWeights implements WeightSource {
  private static final Logger LOG = LoggerFactory.getLogger(NamedWeights.class);

  private final WeightSource stored;
  private final Map<String, String> storedName;
  private final List<TensorSpec> tensors;

  private NamedWeights(WeightSource stored, Map<String, String> storedName, List<TensorSpec> tensors) {
    this.stored = stored;
    this.storedName = storedName;
    this.tensors = tensors;
  }

  /**
   * @param where the file or folder, for errors; @throws UserError naming the tensor that is missing or has another
   * shape
   */
  static NamedWeights of(ModelConfig config, WeightSource stored, String where) {
    Map<String, TensorSpec> found = prefixed(config, stored, where);
    Map<String, String> storedName = new LinkedHashMap<>();
    List<TensorSpec> tensors = new ArrayList<>();
    for (TensorSpec wanted : config.tensors()) {
      TensorSpec is = found.remove(wanted.name());
      if (is == null) throw missing(wanted, config, where);
      if (!Arrays.equals(is.shape(), wanted.shape())) {
        throw new UserError(where + ": " + wanted.name() + " has the shape " + Arrays.toString(is.shape())
            + "; config.json asks for " + Arrays.toString(wanted.shape()));
      }
      if (!is.type().floating())
        throw new UserError(where + ": " + wanted.name() + " is " + is.type() + "; F32, F16 and BF16 are read");
      storedName.put(wanted.name(), is.name());
      tensors.add(wanted.as(is.type()));
    }
    WeightNames names = config.names();
    found.keySet().removeIf(
        name -> names.buffers().matcher(name).matches() || config.tiedHead() && name.equals(names.head()));
    if (!found.isEmpty()) {
      LOG.warn("{}: not used, as {} has no such tensors: {}", where, config.family(), new TreeSet<>(found.keySet()));
    }
    return new NamedWeights(stored, storedName, List.copyOf(tensors));
  }

  /** What is stored by the names that it has with the prefix. */
  private static Map<String, TensorSpec> prefixed(ModelConfig config, WeightSource stored, String where) {
    WeightNames names = config.names();
    Set<String> known = new LinkedHashSet<>();
    for (TensorSpec t : config.tensors()) known.add(t.name());
    known.add(names.head());
    Map<String, TensorSpec> found = new LinkedHashMap<>();
    for (TensorSpec t : stored.tensors()) {
      String spelled = names.spelling().apply(t.name());
      boolean whole = known.contains(spelled) || spelled.startsWith(names.prefix());
      String name = whole ? spelled : names.prefix() + spelled;
      if (found.put(name, t) != null)
        throw new UserError(where + " holds " + name + " twice, with and without its prefix");
    }
    return found;
  }

  private static UserError missing(TensorSpec wanted, ModelConfig config, String where) {
    String why = wanted.name().equals(config.names().head())
        ? "; config.json says tie_word_embeddings is false, so the head needs weights of its own (true shares those of "
            + config.names().embedding() + ")"
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
