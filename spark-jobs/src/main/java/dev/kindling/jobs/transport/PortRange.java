package dev.kindling.jobs.transport;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.UserError;
import java.io.Serializable;

/** The ports that a rank may listen on, tried in order. @param from first, 0 for any free one; @param to last */
public record PortRange(int from, int to) implements Serializable {
  public static final PortRange ANY = new PortRange(0, 0);

  public PortRange {
    boolean right = from == 0 ? to == 0 : from >= 1024 && to >= from && to <= 65_535;
    require(right, "cluster.port", from == to ? from : from + "-" + to,
        "0 for any free port, a port from 1024 to 65535, or a range such as 7400-7450");
  }

  /** Reads {@code 0}, {@code 7400} or {@code 7400-7450}. */
  public static PortRange parse(String text) {
    String[] ends = text.strip().split("-", 2);
    try {
      int from = Integer.parseInt(ends[0].strip());
      return new PortRange(from, ends.length == 1 ? from : Integer.parseInt(ends[1].strip()));
    } catch (NumberFormatException e) {
      throw new UserError("cluster.port is " + text
          + "; it must be 0 for any free port, a port from 1024 to 65535, or a range such as 7400-7450", e);
    }
  }
}
