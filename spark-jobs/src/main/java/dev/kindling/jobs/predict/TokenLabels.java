package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.train.evaluate.LabelAccuracy;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import java.util.ArrayList;
import java.util.List;

/** The likeliest label of each token of a text, and where the token stands; of those that are put around texts nothing is said. */
record TokenLabels(List<String> labels) implements Answer {
  @Override
  public String columns() {
    return """
        required group labels (LIST) { repeated group list { required group element {
          required binary token (STRING); required int32 start; required int32 end;
          required binary label (STRING); required float score; } } }
        """;
  }

  @Override
  public List<ObjectNode> of(EncoderModel model, EncoderBatch batch, List<HubTokenizer.Encoded> texts) {
    float[] logits = model.logits(batch);
    int count = labels.size();
    List<ObjectNode> rows = new ArrayList<>();
    for (int row = 0; row < texts.size(); row++) {
      ObjectNode said = Json.object();
      ArrayNode tokens = said.putArray("labels");
      HubTokenizer.Piece[] pieces = texts.get(row).pieces();
      for (int t = 0; t < pieces.length; t++) {
        if (pieces[t] == null) continue;
        int from = (row * batch.time() + t) * count;
        int best = LabelAccuracy.greatest(logits, from, count);
        tokens.addObject().put("token", pieces[t].token()).put("start", pieces[t].start()).put("end", pieces[t].end())
            .put("label", labels.get(best)).put("score", (float) Answer.softmax(logits, from, count)[best]);
      }
      rows.add(said);
    }
    return rows;
  }
}
