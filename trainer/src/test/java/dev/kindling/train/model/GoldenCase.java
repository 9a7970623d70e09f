package dev.kindling.train.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A folder of golden values: what Hugging Face and PyTorch computed with a tiny model (see golden/generate.py). */
public final class GoldenCase implements AutoCloseable {
  private static final Pattern EXPERT = Pattern
      .compile("(.*)\\.block_sparse_moe\\.experts\\.(\\d+)\\.w([123])\\.weight");
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

  public DecoderConfig config() {
    return (DecoderConfig) ModelConfig.read(new Configuration(), folder);
  }

  public DecoderModel model(Kernels kernels, Precision precision) {
    return DecoderModel.load(config(), weights, kernels, precision);
  }

  public boolean has(String name) {
    return golden.find(name) != null;
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

  /** The gradient of a parameter by our name; transformers holds the experts of a layer in two tensors. */
  public float[] gradient(Parameter p) {
    Matcher expert = EXPERT.matcher(p.name());
    if (!expert.matches()) {
      String name = p.name().equals("embed_out.weight") ? "lm_head.weight" : p.name();   // what it is called in memory
      return golden.read("grad." + name.replace(".block_sparse_moe.", ".mlp."));
    }
    int size = Math.toIntExact(p.size());
    int number = Integer.parseInt(expert.group(2));
    boolean down = expert.group(3).equals("2");
    float[] all = golden.read("grad." + expert.group(1) + ".mlp.experts." + (down ? "down_proj" : "gate_up_proj"));
    int from = down ? number * size : (2 * number + (expert.group(3).equals("3") ? 1 : 0)) * size;
    return Arrays.copyOfRange(all, from, from + size);
  }

  /** Parameters that have a gradient. */
  public int gradients() {
    return (int) golden.tensors().stream().filter(t -> t.name().startsWith("grad.")).count();
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
