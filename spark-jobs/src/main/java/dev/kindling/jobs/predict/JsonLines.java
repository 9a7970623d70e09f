package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.PendingFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** One JSON object a line. */
record JsonLines(PendingFile out) implements EmbeddingFile {
  @Override
  public void write(Embedding embedding) throws IOException {
    ObjectNode json = Json.object().put("id", embedding.id()).put("text", embedding.text()).put("tokens",
        embedding.tokens());
    ArrayNode vector = json.putArray("embedding");
    for (float x : embedding.vector()) vector.add(x);
    out.write((json + "\n").getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void commit() throws IOException {
    out.commit("embeddings");
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
