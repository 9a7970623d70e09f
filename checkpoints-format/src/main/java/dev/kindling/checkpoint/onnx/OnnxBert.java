package dev.kindling.checkpoint.onnx;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A BERT encoder in an ONNX file as an exporter of PyTorch wrote it: its configuration, and its weights under the names and
 * in the orientation of Hugging Face's {@code BertModel}. Vectors and embeddings are found by their names, whatever
 * prefix these have; matrices by {@link OnnxMatrix}.
 */
public final class OnnxBert {
  private static final String WORDS = "embeddings.word_embeddings.weight", POOLER = "pooler.dense",
      QUERY_BIAS = "encoder.layer.%d.attention.self.query.bias", UP_BIAS = "encoder.layer.0.intermediate.dense.bias";

  private final OnnxReader file;
  private final OnnxGraph graph;
  private final String prefix;
  private final BertConfig config;

  private OnnxBert(OnnxReader file, int heads) {
    this.file = file;
    graph = file.graph();
    prefix = prefix();
    refuseRoberta();
    long[] words = shape(WORDS, 2), up = shape(UP_BIAS, 1);
    int layers = 0;
    while (graph.tensor(prefix + QUERY_BIAS.formatted(layers)) != null) layers++;
    BertFacts facts = new BertFacts(file);
    int width = Math.toIntExact(words[1]);
    config = new BertConfig(BertFamily.BERT, EncoderTask.ENCODE, Math.toIntExact(words[0]),
        Math.toIntExact(shape("embeddings.position_embeddings.weight", 2)[0]),
        Math.toIntExact(shape("embeddings.token_type_embeddings.weight", 2)[0]), width, layers,
        facts.heads(width, heads), Math.toIntExact(up[0]), facts.activation(), facts.epsilon(), 0.02f, true,
        graph.tensor(prefix + POOLER + ".bias") != null, 0, -1, List.of(), List.of());
  }

  /**
   * @param heads of its attention, or 0 where the graph is to tell
   * @throws UserError when the graph is no BERT, or one that was fused or quantised
   */
  public static OnnxBert of(OnnxReader file, int heads) {
    try {
      return new OnnxBert(file, heads);
    } catch (ArithmeticException e) {
      throw new UserError(file.path() + " has a shape beyond all sizes", e);
    } catch (UserError e) {
      throw e.getMessage().startsWith(file.path().toString())
          ? e
          : new UserError(file.path() + ": " + e.getMessage(), e);
    }
  }

  private String prefix() {
    for (OnnxTensor t : graph.tensors()) {
      if (t.name().endsWith(WORDS)) return t.name().substring(0, t.name().length() - WORDS.length());
    }
    throw new UserError(file.path() + " has no tensor whose name ends with " + WORDS
        + "; BERT encoders are imported, in plain float32 exports that kept their weights' names");
  }

  /** RoBERTa's tensors have the same names; what differs is that its graph counts positions along the mask. */
  private void refuseRoberta() {
    for (OnnxNode node : graph.nodes()) {
      if (node.is("CumSum"))
        throw new UserError(file.path() + " counts positions along its input, as RoBERTa does; only BERT is imported");
    }
  }

  private long[] shape(String name, int dimensions) {
    OnnxTensor found = graph.tensor(prefix + name);
    if (found == null) throw new UserError(file.path() + " has no tensor " + prefix + name + ", which every BERT has");
    if (found.shape().length != dimensions)
      throw new UserError(file.path() + ": " + prefix + name + " has the shape " + Arrays.toString(found.shape())
          + "; a BERT's has " + dimensions + " dimensions");
    return found.shape();
  }

  public BertConfig config() {
    return config;
  }

  /** Exactly {@link BertConfig#tensors()}. @throws UserError where one is missing, has another shape or is no float */
  public WeightSource weights() {
    Map<String, OnnxMatrix> places = new LinkedHashMap<>();
    List<TensorSpec> tensors = new ArrayList<>();
    for (TensorSpec wanted : config.tensors()) {
      OnnxMatrix place = place(wanted);
      if (!Arrays.equals(place.shape(), wanted.shape()))
        throw new UserError(file.path() + ": " + wanted.name() + " has the shape " + Arrays.toString(place.shape())
            + "; with the rest of the model it would be " + Arrays.toString(wanted.shape()));
      if (place.tensor().spec() == null || !place.tensor().type().element().floating())
        throw new UserError(file.path() + ": " + wanted.name() + " is " + place.tensor().type()
            + "; FLOAT, FLOAT16 and BFLOAT16 are imported: take the export that is not quantised");
      places.put(wanted.name(), place);
      tensors.add(wanted.as(place.tensor().type().element()));
    }
    return new OnnxWeights(file, places, tensors);
  }

  private OnnxMatrix place(TensorSpec wanted) {
    String name = prefix + wanted.name();
    boolean linear = wanted.shape().length == 2 && !name.contains("embeddings.");
    if (!linear) {
      OnnxTensor found = graph.tensor(name);
      if (found == null) throw new UserError(file.path() + " has no tensor " + name + ", which every BERT has");
      return new OnnxMatrix(found, false);
    }
    String bias = name.replaceAll("weight$", "bias");
    OnnxMatrix found = OnnxMatrix.beside(bias, graph);
    if (found == null)
      throw new UserError(file.path() + ": no MatMul or Gemm by a constant matrix stands before " + bias
          + "; a graph that was fused or quantised cannot be imported: take the plain float32 export");
    return found;
  }
}
