package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A folder of golden values: what Hugging Face and PyTorch computed with a tiny model (see golden/generate.py). */
public final class GoldenCase implements AutoCloseable {
  private static final Pattern EXPERT = Pattern
      .compile("(.*)\\.block_sparse_moe\\.experts\\.(\\d+)\\.w([123])\\.weight");
  private final Path folder;
  private final File file;
  private final SafetensorsReader golden;
  private final ModelFolder stored;

  private GoldenCase(File file) {
    this.file = file;
    folder = new Path(file.toURI());
    golden = SafetensorsReader.open(new Configuration(), new Path(folder, "golden.safetensors"));
    stored = ModelFolder.open(new Configuration(), folder);
  }

  public static GoldenCase of(String name) {
    return new GoldenCase(new File("../golden/cases", name).getAbsoluteFile());
  }

  public ModelConfig stored() {
    return stored.config();
  }

  public DecoderConfig config() {
    return (DecoderConfig) stored();
  }

  public DecoderModel model(Kernels kernels, Precision precision) {
    return decoder(config(), kernels, precision);
  }

  /** @param config the case's own, or with other rates of dropout */
  DecoderModel decoder(ModelConfig config, Kernels kernels, Precision precision) {
    return DecoderModel.load((DecoderConfig) config, stored.weights(), kernels, precision);
  }

  EncoderModel encoder(ModelConfig config, Kernels kernels, Precision precision) {
    return EncoderModel.load((BertConfig) config, stored.weights(), kernels, precision);
  }

  T5Model t5(ModelConfig config, Kernels kernels, Precision precision) {
    return T5Model.load((T5Config) config, stored.weights(), kernels, precision);
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

  /** The model with its input. @param config the case's own, or with other rates of dropout */
  Sample<?> sample(ModelConfig config, Kernels kernels, Precision precision) {
    if (config instanceof BertConfig) return new Sample<>(encoder(config, kernels, precision), texts());
    if (config instanceof T5Config) return new Sample<>(t5(config, kernels, precision), pairs());
    return new Sample<>(decoder(config, kernels, precision), batch());
  }

  /** An encoder's input. */
  EncoderBatch texts() {
    int[] ids = ids("input.input_ids");
    EncoderTask task = ((BertConfig) stored()).task();
    boolean scored = task == EncoderTask.CLASSIFY_MANY || task == EncoderTask.REGRESS;
    int[] lengths = lengths();
    return new EncoderBatch(lengths.length, ids.length / lengths.length, ids,
        has("input.token_type_ids") ? ids("input.token_type_ids") : null, lengths, scored ? null : ids("input.labels"),
        scored ? values("input.labels") : null, new long[lengths.length]);
  }

  /** T5's input: the decoder reads the start token, which is the padding token 0, and then the labels. */
  Seq2SeqBatch pairs() {
    int[] inputs = ids("input.input_ids");
    int[] labels = ids("input.labels");
    int[] lengths = lengths();
    int targetTime = labels.length / lengths.length;
    int[] shifted = new int[labels.length];
    for (int i = 0; i < labels.length; i++) shifted[i] = i % targetTime == 0 ? 0 : Math.max(0, labels[i - 1]);
    return new Seq2SeqBatch(lengths.length, inputs.length / lengths.length, inputs, lengths, targetTime, shifted,
        labels, new long[lengths.length]);
  }

  private int[] lengths() {
    long[] shape = golden.find("input.attention_mask").shape();
    int[] mask = ids("input.attention_mask");
    int[] lengths = new int[(int) shape[0]];
    for (int i = 0; i < mask.length; i++) lengths[i / (int) shape[1]] += mask[i];
    return lengths;
  }

  /** Holds a model to the case's loss and all of its gradients, which are means over the labels. */
  <B extends MicroBatch> void check(TrainableModel<B> model, B batch, Agreement ofLoss, Agreement ofGradients) {
    Computed found = Computed.of(model, null, List.of(batch));
    ofLoss.check("loss", found.loss() / batch.labels(), values("output.loss")[0]);
    double largest = largestGradient();
    long compared = 0;
    for (Parameter p : model.layout().parameters()) {
      float[] gradient = found.gradient(p);
      for (int i = 0; i < gradient.length; i++) gradient[i] /= batch.labels();
      ofGradients.check(p.name(), gradient, gradient(p), largest);
      compared += p.size();
    }
    assertThat(compared).as("entries of gradients").isEqualTo(gradients().mapToLong(TensorSpec::count).sum());
  }

  /** |g - h| / |h| of the whole gradient g that a sample gives, all parameters as one vector, and the case's h. */
  double gradientError(Sample<?> sample) {
    Computed found = sample.computed(null);
    double error = 0;
    double size = 0;
    for (Parameter p : sample.model().layout().parameters()) {
      float[] expected = gradient(p);
      float[] gradient = found.gradient(p);
      for (int i = 0; i < expected.length; i++) {
        double difference = gradient[i] / (double) sample.batch().labels() - expected[i];
        error += difference * difference;
        size += (double) expected[i] * expected[i];
      }
    }
    return Math.sqrt(error / size);
  }

  /** Writes a model and reads it again. @param same given the copy, which has the same configuration */
  void check(TapedModel<?> model, Path out, BiConsumer<ModelConfig, WeightSource> same) throws IOException {
    ModelFolderWriter.export(new Configuration(), out, stored(), model.weightSource(), null, ElementType.F32);
    try (ModelFolder again = ModelFolder.open(new Configuration(), out)) {
      assertThat(again.config()).isEqualTo(stored());
      same.accept(again.config(), again.weights());
    }
  }

  /** The case's input; labels come unshifted, as Hugging Face takes them. */
  public Batch batch() {
    long[] shape = golden.find("input.input_ids").shape();
    int rows = (int) shape[0];
    int time = (int) shape[1];
    int[] labels = ids("input.labels");
    int[] targets = new int[labels.length];
    for (int i = 0; i < targets.length; i++) targets[i] = i % time == time - 1 ? -100 : labels[i + 1];
    int[] lengths = has("input.attention_mask") ? lengths() : null;
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

  private Stream<TensorSpec> gradients() {
    return golden.tensors().stream().filter(t -> t.name().startsWith("grad."));
  }

  /** The largest entry of any gradient. */
  public double largestGradient() {
    return gradients().mapToDouble(t -> Agreement.largest(values(t.name()))).max().orElseThrow();
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
    stored.close();
  }
}
