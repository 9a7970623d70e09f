package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.internal.PlatformDependent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportResponseHandler;
import org.apache.spark.network.protocol.UploadStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Vectors of more elements, and of more bytes, than an int counts. Nobody owns their memory: only addresses are looked at. */
@Timeout(60)
class LargeVectorsTest {
  private static final long SIZE = 6_000_000_007L;
  private static final Shards SHARDS = new Shards(new long[]{0, 2_999_999_999L, SIZE});
  private static final long SOURCE = 1L << 44, TARGET = 1L << 45;      // no address that anything is at
  private static final int PARTS = 2;
  private final EmbeddedChannel wire = new EmbeddedChannel();
  private final Exchange exchange = new Exchange(0, 2, 1, Duration.ofSeconds(5));
  private final Peer peer = exchange.peers().get(0);

  private List<Tensor> parts(long address, long from, long size) {
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0; i < PARTS; i++) {
      parts.add(Tensor.at(address + i * SIZE * Float.BYTES, DType.FLOAT32, SIZE).slice(from, size));
    }
    return parts;
  }

  @Test
  void everyPieceOfAShardGoesFromItsPlaceToItsPlace() throws Exception {
    long from = SHARDS.from(1), size = SHARDS.size(1), bytes = size * Float.BYTES;
    List<Tensor> here = parts(SOURCE, from, size), there = parts(TARGET, 0, size);
    peer.client = new TransportClient(wire, new TransportResponseHandler(wire));
    exchange.begin(7, Incoming.NOTHING);
    exchange.ready(peer, 1, 7);
    Outgoing out = new Outgoing(exchange, peer, here, from);
    Incoming in = new Incoming(List.of(there));

    long left = bytes;
    for (int piece = 0; !out.isDone(); piece++) {
      int part = piece % PARTS;
      long at = (left - 1) / Incoming.PIECE * Incoming.PIECE;
      assertThat(out.push(1, from + at / Float.BYTES + 1)).isFalse();  // its first element is not complete yet
      assertThat(out.push(1, from + at / Float.BYTES)).isTrue();
      exchange.delivery(peer).onSuccess(ByteBuffer.allocate(0));
      UploadStream message = wire.readOutbound();
      ByteBuffer head = message.meta.nioByteBuffer();
      assertThat(Message.read(head, 1)).isEqualTo(Message.Kind.PIECE);
      assertThat(head.getLong()).isEqualTo(1);
      assertThat(head.getInt()).isEqualTo(part);
      long announced = head.getLong();
      assertThat(announced).isEqualTo(at);
      assertBytes(message.body().nioByteBuffer(), here.get(part).address() + at, left - at);
      assertBytes(in.target(0, part, announced), there.get(part).address() + at, left - at);
      assertThat(in.has(bytes - at)).isFalse();
      in.received(0, part, (int) (left - at));
      if (part == PARTS - 1) {
        assertThat(in.has(bytes - at)).isTrue();
        left = at;
      }
    }
    assertThat(left).isZero();
    assertThat(in.has(Long.MAX_VALUE)).isTrue();
    assertThatThrownBy(() -> in.target(0, 0, 0)).hasMessageContaining("lacks 0 of " + bytes);
  }

  private static void assertBytes(ByteBuffer view, long address, long bytes) {
    assertThat(PlatformDependent.directBufferAddress(view)).isEqualTo(address);
    assertThat(view.remaining()).isEqualTo((int) bytes);
  }

  /** Where an int wraps around to a place that exists. */
  @Test
  void aPieceFourGigabytesBesideItsPlaceIsRefused() {
    Incoming in = new Incoming(List.of(parts(TARGET, 0, SIZE)));
    long last = Incoming.lastPiece(SIZE * Float.BYTES);
    assertThatThrownBy(() -> in.target(0, 0, last - (1L << 32))).isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "rank 0 sends byte " + (last - (1L << 32)) + " of part 0, which lacks " + SIZE * 4 + " of " + SIZE * 4);
    assertThat(in.target(0, 0, last).remaining()).isEqualTo((int) (SIZE * 4 - last));
  }

  @Test
  void theInboxOfALargeShardIsCountedInLongs() {
    // of two ranks each takes the other's one sum, in whole cache lines
    assertThat(Inbox.bytes(new VirtualRankTree(8), 2, SHARDS.size(1))).isEqualTo((SHARDS.size(1) + 15) / 16 * 16 * 4);
  }
}
