package dev.kindling.data.corpus;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;

/** Documents that are lines, JSON or plain, or stand between separators. */
final class LineRecords implements RecordSource {
  private final CorpusSource source;
  private final CorpusFile file;
  private final CorpusStream in;
  private final Lines lines;

  LineRecords(Configuration conf, CorpusSource source, CorpusPiece piece) throws IOException {
    this.source = source;
    file = piece.file();
    long start = piece.start();
    // One byte early: whether a line starts right here shows in the byte before it.
    in = CorpusStream.open(conf, file.path(), start == 0 ? 0 : start - 1);
    lines = source.separator().isEmpty()
        ? new Lines(in, start, piece.end(), source.maxDocumentBytes())
        : new Lines(in, source.separator(), piece.end(), source.maxDocumentBytes());
  }

  @Override
  public CorpusRecord next() throws IOException {
    while (lines.next()) {
      if (lines.isBlank()) continue;
      try {
        return document();
      } catch (BadRecordException e) {
        String excerpt = Unreadable.excerpt(lines.bytes(), lines.from(), lines.to());
        return new Unreadable(source.name(), file.name(), lines.offset(), e.getMessage(), excerpt);
      }
    }
    return null;
  }

  private Document document() throws BadRecordException {
    if (lines.isTooLong()) throw new BadRecordException(tooLong(lines.size(), source));
    String line = StrictUtf8.decode(lines.bytes(), lines.from(), lines.to(),
        at -> "byte " + (at + 1) + " of the " + (source.separator().isEmpty() ? "line" : "document")
            + " is not UTF-8; convert the file to UTF-8");
    String place = file.name() + "@" + lines.offset();
    if (source.format() == CorpusFormat.JSONL) {
      JsonDocument json = JsonDocument.parse(line, source.fields(), place);
      return new Document(json.id(), json.source(source.name()), file.name(), lines.offset(), json.text());
    }
    boolean plainLine = source.format() == CorpusFormat.LINES && line.endsWith("\r");
    return new Document(place, source.name(), file.name(), lines.offset(),
        plainLine ? line.substring(0, line.length() - 1) : line);
  }

  static String tooLong(long bytes, CorpusSource source) {
    return String.format("the document has %,d bytes; maxDocumentBytes allows %,d; raise it, or cut the document",
        bytes,
        source.maxDocumentBytes());
  }

  @Override
  public boolean isDamaged(Exception thrown) {
    return in.isDamaged();
  }

  @Override
  public long position() {
    return lines.offset();
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
