package dev.kindling.data.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Decodes tokens as they are generated. A character whose bytes are spread over several tokens comes out when its last byte is
 * there; what {@link #append} and {@link #finish} gave, joined, is what {@link Tokenizer#decode} gives for all tokens at once.
 */
public final class TextStream {
  private final Tokenizer tokenizer;
  private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPLACE)
      .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer pending = ByteBuffer.allocate(0);

  TextStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** @return the text that this token completes; often the token's own, empty inside a character */
  public String append(int id) {
    Tokenizer.verify(id, tokenizer);
    byte[] bytes = tokenizer.bytesOf(id);
    ByteBuffer joined = ByteBuffer.allocate(pending.remaining() + bytes.length).put(pending).put(bytes).flip();
    CharBuffer out = CharBuffer.allocate(joined.remaining() + 1);
    utf8.decode(joined, out, false);
    pending = joined;
    return out.flip().toString();
  }

  /** @return what is left at the end: U+FFFD for the beginning of a character that never ended */
  public String finish() {
    CharBuffer out = CharBuffer.allocate(pending.remaining() + 1);
    utf8.decode(pending, out, true);
    utf8.flush(out);
    utf8.reset();
    pending = ByteBuffer.allocate(0);
    return out.flip().toString();
  }
}
