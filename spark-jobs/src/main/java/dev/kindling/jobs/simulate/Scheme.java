package dev.kindling.jobs.simulate;

/** A way of gradients, as {@code gradients.kind} chooses it. */
public sealed interface Scheme {
  /** As the setting has it. */
  String name();

  /** Float32, while the way back goes on; each owner updates its shard. */
  record Exact() implements Scheme {
    @Override
    public String name() {
      return "exact";
    }
  }

  /**
   * After the way back, in fewer bytes.
   *
   * @param bytes an element; @param encode seconds of a core an element at the sender, what it keeps included
   * @param decode likewise at the owner
   */
  record Coded(String name, double bytes, double encode, double decode) implements Scheme {}

  /** Each executor updates all weights by itself, and they meet now and then. @param steps between two meetings */
  record Local(int steps) implements Scheme {
    @Override
    public String name() {
      return "local, " + steps + " steps";
    }
  }
}
