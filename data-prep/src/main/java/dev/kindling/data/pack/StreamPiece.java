package dev.kindling.data.pack;

import java.io.Serializable;

/**
 * A stretch of one document in the stream.
 *
 * @param document its id
 * @param position of the first token in the stream
 * @param offset of the first token in the document
 * @param characters of the document that begin before the first token, see {@link CharacterCount}
 * @param tokens ids; the document's last one is the end of text
 */
public record StreamPiece(String document, long position, long offset, long characters, int[] tokens)
    implements
      Serializable {}
