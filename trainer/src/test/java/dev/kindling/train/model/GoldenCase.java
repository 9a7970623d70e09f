package dev.kindling.train.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A folder of golden values: what Hugging Face and PyTorch computed with a tiny model (see golden/generate.py). */
public final class GoldenCase implements AutoCloseable {
  private final Path folder;
  private final File file;
  private final SafetensorsReader golden;
  private final SafetensorsReader weights;

  private GoldenCase(File file) {
    this.file = file;
    folder = new Path(file.toURI());
    golden = SafetensorsReader.open(new Configuration(), new Path(folder, "golden.safetensors"));
    weights = SafetensorsReader.open(new Configuration(), folder);
  }

  public static GoldenCase of(String name) {
    return new GoldenCase(new File("../golden/cases", name).getAbsoluteFile());
  }

  public Gpt2Config config() {
    return (Gpt2Config) ModelConfig.read(new Configuration(), folder);
  }

  public Gpt2Model model(Kernels kernels, Precision precision) {
    return Gpt2Model.load(config(), weights, kernels, precision);
  }

  public float[] values(String name) {
    return golden.read(name);
  }

  public int[] ids(String name) {
    return Arrays.stream(golden.readLongs(name)).mapToInt(Math::toIntExact).toArray();
  }

  /** The case's input; labels come unshifted, as Hugging Face takes them. */
  public Batch batch() {
    long[] shape = golden.find("input.input_ids").shape();
    int rows = (int) shape[0];
    int time = (int) shape[1];
    int[] labels = ids("input.labels");
    int[] targets = new int[labels.length];
    for (int i = 0; i < targets.length; i++) targets[i] = i % time == time - 1 ? -100 : labels[i + 1];
    int[] lengths = null;
    if (golden.find("input.attention_mask") != null) {
      int[] mask = ids("input.attention_mask");
      lengths = new int[rows];
      for (int i = 0; i < mask.length; i++) lengths[i / time] += mask[i];
    }
    return new Batch(rows, time, ids("input.input_ids"), targets, lengths, new long[rows]);
  }

  /** The largest entry of any gradient. */
  public double largestGradient() {
    return golden.tensors().stream().filter(t -> t.name().startsWith("grad."))
        .mapToDouble(t -> Agreement.largest(values(t.name()))).max().orElseThrow();
  }

  /** Of each of the 8 AdamW steps: {@code loss} or {@code gradientNorm}. */
  public double[] training(String what) {
    try {
      JsonNode all = new ObjectMapper().readTree(new File(file, "training.json")).get(what);
      double[] values = new double[all.size()];
      for (int i = 0; i < values.length; i++) values[i] = all.get(i).asDouble();
      return values;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    golden.close();
    weights.close();
  }
}
