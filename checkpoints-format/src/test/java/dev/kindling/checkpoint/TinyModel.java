package dev.kindling.checkpoint;

import dev.kindling.checkpoint.folder.ModelFolderWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;

/** Small models with random weights, and the resources that tests read. */
public final class TinyModel {
  public static final Configuration CONF = new Configuration(false);

  private TinyModel() {
  }

  /** Weights in memory. */
  public record InMemory(Map<String, TensorSpec> specs, Map<String, float[]> values) implements WeightSource {
    @Override
    public List<TensorSpec> tensors() {
      return List.copyOf(specs.values());
    }

    @Override
    public void read(String name, long from, float[] into, int offset, int count) {
      System.arraycopy(values.get(name), Math.toIntExact(from), into, offset, count);
    }

    public InMemory with(TensorSpec spec, float... data) {
      specs.put(spec.name(), spec);
      values.put(spec.name(), data);
      return this;
    }
  }

  public static InMemory none() {
    return new InMemory(new LinkedHashMap<>(), new LinkedHashMap<>());
  }

  /** Normal values of standard deviation 0.4, wide enough for the logits to differ clearly; norms around 1. */
  public static InMemory random(ModelConfig config, long seed) {
    Random random = new Random(seed);
    InMemory all = none();
    for (TensorSpec t : config.tensors()) {
      float[] values = new float[Math.toIntExact(t.count())];
      boolean norm = t.name().contains("ln_") && t.name().endsWith("weight");
      for (int i = 0; i < values.length; i++) values[i] = (norm ? 1 : 0) + 0.4f * (float) random.nextGaussian();
      all.with(t, values);
    }
    return all;
  }

  /** A folder with random weights and the small tokenizer of 300 tokens, {@code <|endoftext|>} being 0. */
  public static Gpt2Config write(Path folder, Gpt2Config config, long seed) throws IOException {
    Gpt2Config ended = config.withEndOfText(0);
    ModelFolderWriter.export(CONF, hadoop(folder), ended, random(ended, seed), tokenizerJson(), ElementType.F32);
    return ended;
  }

  public static String tokenizerJson() {
    return resource("/tokenizer/tokenizer.json");
  }

  public static String resource(String name) {
    try (InputStream in = TinyModel.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A folder that Hugging Face wrote, with what it computed ({@code golden/README.md}), or a file there. */
  public static org.apache.hadoop.fs.Path golden(String name, String... more) {
    return hadoop(Path.of("../golden/cases", name).resolve(Path.of("", more)).toAbsolutePath().normalize());
  }

  public static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }
}
