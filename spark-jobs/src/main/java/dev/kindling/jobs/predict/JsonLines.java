package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.PendingFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** One JSON object a line. */
record JsonLines(PendingFile out) implements PredictionFile {
  @Override
  public void write(ObjectNode row) throws IOException {
    out.write((row + "\n").getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void commit() throws IOException {
    out.commit("predictions");
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
