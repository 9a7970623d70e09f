package dev.kindling.jobs.transport;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.util.NettyUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns of what this rank refuses: who sent it and why. Whoever reaches the port can cause this, and must not fill a disk: of a
 * connection the first refusal is told, a minute has few lines, and a line is short.
 */
final class Refusals {
  /** Lines a minute. */
  static final int MOST = 10;
  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
  private static final AttributeKey<Boolean> TOLD = AttributeKey.valueOf(Refusals.class, "told");
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);
  private static final int LONGEST = 300;        // characters of a reason: some of Netty's quote all that came
  private long began = System.nanoTime();
  private int told;                              // since then
  private long untold;

  void tell(Channel channel, String why) {
    tell(channel, why, System.nanoTime());
  }

  synchronized void tell(Channel channel, String why, long now) {
    if (channel.attr(TOLD).getAndSet(true) != null) return;
    if (now - began >= MINUTE) {
      if (untold > 0) LOG.warn("refused {} more connections, which were only counted", untold);
      began = now;
      told = 0;
      untold = 0;
    }
    if (told == MOST) {
      untold++;
    } else {
      told++;
      LOG.warn("refused {}: {}{}", NettyUtils.getRemoteAddress(channel),
          why.length() > LONGEST ? why.substring(0, LONGEST) : why,
          told == MOST ? "; others are only counted for a minute" : "");
    }
  }
}
