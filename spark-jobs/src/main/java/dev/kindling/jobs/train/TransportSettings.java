package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.jobs.transport.PortRange;
import java.io.Serializable;
import java.time.Duration;

/**
 * How ranks reach one another.
 *
 * @param port {@code 0} for any free one, a port, or a range such as {@code 7400-7450} that a firewall lets through
 * @param silenceSeconds how long a peer may give no sign of life before it counts as lost
 */
public record TransportSettings(String port, double silenceSeconds) implements Serializable {
  public static final TransportSettings DEFAULT = new TransportSettings("0", 20);

  public TransportSettings {
    PortRange.parse(port);
    require(silenceSeconds >= 1, "transport.silenceSeconds", silenceSeconds, "1 or more, such as 20");
  }

  PortRange ports() {
    return PortRange.parse(port);
  }

  Duration silence() {
    return Duration.ofMillis(Math.round(silenceSeconds * 1000));
  }
}
