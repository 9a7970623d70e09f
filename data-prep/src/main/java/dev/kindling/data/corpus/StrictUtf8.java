package dev.kindling.data.corpus;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;

/** UTF-8 that is right or refused: replaced characters would be learned. */
final class StrictUtf8 {
  private StrictUtf8() {
  }

  /** @param reason is given the index of the first wrong byte, counted from {@code from} */
  static String decode(byte[] bytes, int from, int to, IntFunction<String> reason) throws BadRecordException {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes, from, to - from);
    CharBuffer out = CharBuffer.allocate(to - from);
    CoderResult result = decoder.decode(in, out, true);
    if (result.isError()) throw new BadRecordException(reason.apply(in.position() - from));
    return out.flip().toString();
  }

  /** @return 3 where the bytes start with U+FEFF, else 0 */
  static int afterByteOrderMark(byte[] bytes, int length) {
    boolean mark = length >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
    return mark ? 3 : 0;
  }
}
