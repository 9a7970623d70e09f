package dev.kindling.data.corpus;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;

/** A file that is one document. */
final class TextRecord implements RecordSource {
  private final CorpusSource source;
  private final CorpusFile file;
  private final CorpusStream in;
  private boolean done;

  TextRecord(Configuration conf, CorpusSource source, CorpusPiece piece) throws IOException {
    this.source = source;
    file = piece.file();
    in = CorpusStream.open(conf, file.path(), 0);
  }

  @Override
  public CorpusRecord next() throws IOException {
    if (done) return null;
    done = true;
    byte[] bytes = in.readNBytes(source.maxDocumentBytes() + 1);
    int from = StrictUtf8.afterByteOrderMark(bytes, bytes.length);
    try {
      if (bytes.length > source.maxDocumentBytes())
        throw new BadRecordException(LineRecords.tooLong(in.skip(Long.MAX_VALUE) + bytes.length, source));
      String text = StrictUtf8.decode(bytes, from, bytes.length,
          at -> "byte " + at + " is not UTF-8; convert the file to UTF-8");
      return new Document(file.name(), source.name(), file.name(), 0, text);
    } catch (BadRecordException e) {
      return new Unreadable(source.name(), file.name(), 0, e.getMessage(),
          Unreadable.excerpt(bytes, from, bytes.length));
    }
  }

  @Override
  public boolean isDamaged(Exception thrown) {
    return in.isDamaged();
  }

  @Override
  public long position() {
    return 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
