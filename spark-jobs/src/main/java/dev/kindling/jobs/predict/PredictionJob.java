package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusPiece;
import dev.kindling.data.corpus.CorpusReader;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Document;
import dev.kindling.data.corpus.Example;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** Reads texts, and writes a file of what a model says of each, some hundred texts at a time, in this process. */
public final class PredictionJob {
  private static final int WINDOW = 512;
  private static final long NANOSECONDS_BETWEEN_LINES = 5_000_000_000L;

  private final TextPredictor predictor;
  private final boolean pairs;
  private final PrintWriter told;
  private final long started = System.nanoTime();
  private long lastLine = started;
  private long texts;
  private long tokens;
  private long cut;

  private PredictionJob(TextPredictor predictor, boolean pairs, PrintWriter told) {
    this.predictor = predictor;
    this.pairs = pairs;
    this.told = told;
  }

  /**
   * @param source of texts, or of {@link Example.Kind#PAIR}s
   * @param told gets a line every few seconds and one at the end
   * @throws UserError where there is no text, or a line that is none, or the target is read; it is then as it was before
   */
  public static void run(Configuration conf, TextPredictor predictor, CorpusSource source, Path target,
      PrintWriter told) throws IOException {
    boolean pairs = source.fields().examples() == Example.Kind.PAIR;
    PredictionJob job = new PredictionJob(predictor, pairs, told);
    List<CorpusFile> files = CorpusFile.list(conf, source);
    for (CorpusFile file : files) {
      if (Storage.same(conf, new Path(file.path()), target))
        throw new UserError("--out is " + target + ", which is read; give another file to write into");
    }
    try (PredictionFile out = PredictionFile.create(conf, target, job.columns())) {
      List<Document> window = new ArrayList<>();
      for (CorpusFile file : files) {
        try (CorpusReader in = CorpusReader.open(conf, source, new CorpusPiece(file, 0, Long.MAX_VALUE))) {
          Iterator<Document> documents = in.documents();
          while (documents.hasNext()) {
            window.add(documents.next());
            if (window.size() == WINDOW) job.predict(window, out);
          }
        }
      }
      job.predict(window, out);
      if (job.texts == 0) throw new UserError("input " + source.paths() + " is empty; there is no text to read");
      out.commit();
    }
    job.say(target.toString());
    if (job.cut > 0)
      told.printf("%,d of the texts were longer than %d tokens and were cut there%n", job.cut, predictor.longest());
    told.flush();
  }

  private MessageType columns() {
    return MessageTypeParser.parseMessageType("message predictions { required binary id (STRING); "
        + "required binary text (STRING); " + (pairs ? "required binary pair (STRING); " : "")
        + "required int32 tokens; " + predictor.columns() + " }");
  }

  private void predict(List<Document> window, PredictionFile out) throws IOException {
    List<Text> read = window.stream().map(this::text).toList();
    TextPredictor.Result[] results = predictor.predict(read);
    for (int i = 0; i < results.length; i++) {
      TextPredictor.Result result = results[i];
      ObjectNode row = Json.object().put("id", window.get(i).id()).put("text", read.get(i).text());
      if (pairs) row.put("pair", read.get(i).pair());
      row.put("tokens", result.tokens()).setAll(result.said());
      out.write(row);
      texts++;
      tokens += result.tokens();
      if (result.cut()) cut++;
    }
    window.clear();
    long now = System.nanoTime();
    if (now - lastLine < NANOSECONDS_BETWEEN_LINES) return;
    lastLine = now;
    say("so far");
  }

  private Text text(Document document) {
    if (!pairs) return Text.of(document.text());
    JsonNode both = Json.parse(document.text().getBytes(StandardCharsets.UTF_8), document.id());
    return new Text(both.get("text").textValue(), both.get("pair").textValue());
  }

  private void say(String what) {
    double seconds = Math.max(1e-3, (System.nanoTime() - started) / 1e9);
    told.printf("%s: %,d texts, %,d tokens, %.1f s, %,.0f tokens/s%n", what, texts, tokens, seconds, tokens / seconds);
    told.flush();
  }
}
