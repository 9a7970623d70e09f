package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.folder.SentencePooling;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.Pooling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A vector for each text: hidden states, pooled. @param width of a vector */
record Embeddings(SentencePooling pooling, int width) implements Answer {
  @Override
  public String columns() {
    return "required group embedding (LIST) { repeated group list { required float element; } }";
  }

  @Override
  public List<ObjectNode> of(EncoderModel model, EncoderBatch batch, List<HubTokenizer.Encoded> texts) {
    float[] vectors = model.embed(batch,
        pooling.kind() == SentencePooling.Kind.FIRST ? Pooling.FIRST : Pooling.MEAN);
    List<ObjectNode> rows = new ArrayList<>();
    for (int row = 0; row < texts.size(); row++) {
      float[] vector = Arrays.copyOfRange(vectors, row * width, (row + 1) * width);
      if (pooling.normalized()) normalize(vector);
      ObjectNode said = Json.object();
      ArrayNode embedding = said.putArray("embedding");
      for (float x : vector) embedding.add(x);
      rows.add(said);
    }
    return rows;
  }

  private static void normalize(float[] vector) {
    double squares = 0;
    for (float x : vector) squares += (double) x * x;
    double length = Math.max(Math.sqrt(squares), 1e-12);
    for (int i = 0; i < vector.length; i++) vector[i] = (float) (vector[i] / length);
  }
}
