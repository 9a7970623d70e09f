package dev.kindling.train.collective;

import dev.kindling.train.tensor.Raw;
import java.nio.ByteBuffer;

/** Each value rounded to the nearest bf16, ties to even: half of the bytes. What is lost is not kept. */
public record Bfloat16Codec() implements Codec {
  @Override
  public boolean feedsBack() {
    return false;
  }

  @Override
  public int bytes(int count) {
    return Codec.whole(count * Short.BYTES);
  }

  @Override
  public void encode(float[] values, int count, ByteBuffer to) {
    for (int i = 0; i < count; i++) to.putShort(Short.BYTES * i, Raw.toBfloat16(values[i]));
  }

  @Override
  public void decode(ByteBuffer from, float[] values, int count) {
    for (int i = 0; i < count; i++) values[i] = Raw.toFloat(from.getShort(Short.BYTES * i));
  }
}
