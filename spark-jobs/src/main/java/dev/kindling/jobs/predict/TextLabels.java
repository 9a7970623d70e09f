package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.Json;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.train.evaluate.LabelAccuracy;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a head says of a text as a whole, as transformers' {@code problem_type} has it. Scores are of all labels, in the order of their
 * ids:
 *
 * <pre>
 *   one of the labels   softmax(logits)    label, its score, scores
 *   any of them         sigmoid(logits)    labels, those above 0.5, and scores
 *   numbers             logits             score, where there is one number, and scores
 * </pre>
 *
 * @param task one of a text as a whole
 */
record TextLabels(EncoderTask task, List<String> labels) implements Answer {
  @Override
  public String columns() {
    return switch (task) {
      case CLASSIFY -> "required binary label (STRING); required float score; " + SCORES;
      case CLASSIFY_MANY ->
        "required group labels (LIST) { repeated group list { required binary element (STRING); } } "
            + SCORES;
      default -> (labels.size() == 1 ? "required float score; " : "") + SCORES;
    };
  }

  @Override
  public List<ObjectNode> of(EncoderModel model, EncoderBatch batch, List<HubTokenizer.Encoded> texts) {
    float[] logits = model.logits(batch);
    int count = labels.size();
    List<ObjectNode> rows = new ArrayList<>();
    for (int row = 0; row < texts.size(); row++)
      rows.add(row(Arrays.copyOfRange(logits, row * count, (row + 1) * count)));
    return rows;
  }

  private ObjectNode row(float[] logits) {
    ObjectNode row = Json.object();
    double[] scores = new double[logits.length];
    switch (task) {
      case CLASSIFY -> {
        scores = Answer.softmax(logits, 0, logits.length);
        int best = LabelAccuracy.greatest(logits, 0, logits.length);
        row.put("label", labels.get(best)).put("score", (float) scores[best]);
      }
      case CLASSIFY_MANY -> {
        ArrayNode apply = row.putArray("labels");
        for (int i = 0; i < scores.length; i++) {
          scores[i] = 1 / (1 + Math.exp(-logits[i]));
          if (scores[i] > 0.5) apply.add(labels.get(i));
        }
      }
      default -> {
        for (int i = 0; i < scores.length; i++) scores[i] = logits[i];
        if (scores.length == 1) row.put("score", logits[0]);
      }
    }
    row.set("scores", Answer.scores(labels, scores));
    return row;
  }
}
