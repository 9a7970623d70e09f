package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.train.evaluate.LabelAccuracy;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import java.util.List;

/** What is said of texts, in columns of its own. */
sealed interface Answer permits Embeddings, TextLabels, TokenLabels {
  /** A list of labels, each with its score, as transformers' pipelines give it. */
  String SCORES = """
      required group scores (LIST) { repeated group list { required group element {
        required binary label (STRING); required float score; } } }
      """;

  /** The columns, as a Parquet schema has them. */
  String columns();

  /** @param texts of the batch's rows; @return of each its columns */
  List<ObjectNode> of(EncoderModel model, EncoderBatch batch, List<HubTokenizer.Encoded> texts);

  /** What {@link #SCORES} holds. @param values one a label */
  static ArrayNode scores(List<String> labels, double[] values) {
    ArrayNode scores = Json.array();
    for (int i = 0; i < values.length; i++)
      scores.addObject().put("label", labels.get(i)).put("score", (float) values[i]);
    return scores;
  }

  /** @param logits some of which, [from, from + count), say which of the labels it is; @return their probabilities */
  static double[] softmax(float[] logits, int from, int count) {
    double[] p = new double[count];
    double most = logits[from + LabelAccuracy.greatest(logits, from, count)];
    double sum = 0;
    for (int i = 0; i < count; i++) sum += p[i] = Math.exp(logits[from + i] - most);
    for (int i = 0; i < count; i++) p[i] /= sum;
    return p;
  }
}
