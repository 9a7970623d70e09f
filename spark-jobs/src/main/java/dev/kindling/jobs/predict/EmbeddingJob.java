package dev.kindling.jobs.predict;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusPiece;
import dev.kindling.data.corpus.CorpusReader;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Document;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Reads texts, embeds them and writes a file of embeddings, some hundred texts at a time, in this process. */
public final class EmbeddingJob {
  private static final int WINDOW = 512;
  private static final long NANOSECONDS_BETWEEN_LINES = 5_000_000_000L;

  private final TextEmbedder embedder;
  private final PrintWriter told;
  private final long started = System.nanoTime();
  private long lastLine = started;
  private long texts;
  private long tokens;
  private long cut;

  private EmbeddingJob(TextEmbedder embedder, PrintWriter told) {
    this.embedder = embedder;
    this.told = told;
  }

  /**
   * @param told gets a line every few seconds and one at the end
   * @throws UserError where there is no text, or a line that is none, or the target is read; it is then as it was before
   */
  public static void run(Configuration conf, TextEmbedder embedder, CorpusSource source, Path target, PrintWriter told)
      throws IOException {
    EmbeddingJob job = new EmbeddingJob(embedder, told);
    List<CorpusFile> files = CorpusFile.list(conf, source);
    for (CorpusFile file : files) {
      if (Storage.same(conf, new Path(file.path()), target))
        throw new UserError("--out is " + target + ", which is read; give another file to write into");
    }
    try (EmbeddingFile out = EmbeddingFile.create(conf, target)) {
      List<Document> window = new ArrayList<>();
      for (CorpusFile file : files) {
        try (CorpusReader in = CorpusReader.open(conf, source, new CorpusPiece(file, 0, Long.MAX_VALUE))) {
          Iterator<Document> documents = in.documents();
          while (documents.hasNext()) {
            window.add(documents.next());
            if (window.size() == WINDOW) job.embed(window, out);
          }
        }
      }
      job.embed(window, out);
      if (job.texts == 0) throw new UserError("input " + source.paths() + " is empty; there is no text to embed");
      out.commit();
    }
    job.say(target.toString());
    if (job.cut > 0)
      told.printf("%,d of the texts were longer than %d tokens and were cut there%n", job.cut, embedder.longest());
    told.flush();
  }

  private void embed(List<Document> window, EmbeddingFile out) throws IOException {
    TextEmbedder.Result[] results = embedder.embed(window.stream().map(Document::text).toList());
    for (int i = 0; i < results.length; i++) {
      Document text = window.get(i);
      TextEmbedder.Result result = results[i];
      out.write(new Embedding(text.id(), text.text(), result.tokens(), result.vector()));
      texts++;
      tokens += result.tokens();
      if (result.cut()) cut++;
    }
    window.clear();
    long now = System.nanoTime();
    if (now - lastLine < NANOSECONDS_BETWEEN_LINES) return;
    lastLine = now;
    say("embedding");
  }

  private void say(String what) {
    double seconds = Math.max(1e-3, (System.nanoTime() - started) / 1e9);
    told.printf("%s: %,d texts, %,d tokens, %.1f s, %,.0f tokens/s%n", what, texts, tokens, seconds, tokens / seconds);
    told.flush();
  }
}
