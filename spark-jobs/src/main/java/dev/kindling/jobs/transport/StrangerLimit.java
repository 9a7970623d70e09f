package dev.kindling.jobs.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;

/**
 * Bounds what a connection may send before it has said, authenticated, which rank it is. Spark's frame decoder would hold
 * up to 2 GB of one frame for anyone; and the client's id that Spark keeps is no sign of authentication (SASL sets it from
 * the first message on), so only {@link #lift} ends the limit.
 */
final class StrangerLimit extends ChannelInboundHandlerAdapter {
  static final String NAME = "stranger-limit";
  private static final int LIMIT = 1 << 16;      // bytes; a whole handshake needs some 2,000
  private final Refusals refusals;
  private int bytes;
  private boolean known;

  StrangerLimit(Refusals refusals) {
    this.refusals = refusals;
  }

  /** The peer is known from now on. Called on the channel's event loop. */
  void lift() {
    known = true;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!known && message instanceof ByteBuf data && (bytes += data.readableBytes()) > LIMIT) {
      ReferenceCountUtil.release(message);
      refusals.tell(context.channel(), "it sends more than " + LIMIT + " bytes before it has said which rank it is");
      context.close();
    } else {
      context.fireChannelRead(message);
    }
  }
}
