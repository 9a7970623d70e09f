package dev.kindling.data.dedup;

import java.util.Optional;

/**
 * Which duplicates leave a corpus; none by default.
 *
 * @param exact whether of documents with the same text, but for white space, one stays
 * @param near of documents that are nearly the same one stays; empty: they all stay
 * @param paragraphs which paragraphs are repeated too often; empty: they all stay
 */
public record DedupSettings(boolean exact, Optional<NearSettings> near, Optional<ParagraphSettings> paragraphs) {
  public static DedupSettings defaults() {
    return new DedupSettings(false, Optional.empty(), Optional.empty());
  }
}
