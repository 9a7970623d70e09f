package dev.kindling.data.corpus;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * What one task reads: a whole file, or those lines of it that start in [start, end), or its Parquet row groups
 * with their middle there.
 *
 * @param start first byte
 * @param end behind the last byte; {@link Long#MAX_VALUE} for a compressed file, which can be read from its start only
 */
public record CorpusPiece(CorpusFile file, long start, long end) implements Serializable {

  /** Cuts files into pieces of about {@code bytes}; texts and compressed files stay whole. */
  public static List<CorpusPiece> cut(Configuration conf, List<CorpusFile> files, CorpusFormat format, long bytes) {
    List<CorpusPiece> pieces = new ArrayList<>();
    for (CorpusFile file : files) {
      if (format == CorpusFormat.TEXT || CorpusStream.isCompressed(conf, file.path())) {
        pieces.add(new CorpusPiece(file, 0, Long.MAX_VALUE));
        continue;
      }
      for (long start = 0; start < file.bytes(); start += bytes)
        pieces.add(new CorpusPiece(file, start, Math.min(file.bytes(), start + bytes)));
    }
    return pieces;
  }
}
