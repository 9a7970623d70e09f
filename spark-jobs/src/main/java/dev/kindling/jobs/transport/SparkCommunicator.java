package dev.kindling.jobs.transport;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.TreeSum;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.crypto.AuthServerBootstrap;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.server.TransportServer;

/**
 * Ranks in different executors, over Spark's network library (push by {@code uploadStream}; authentication, encryption and
 * TLS are Spark's). Every rank listens, and opens one connection to every other; a connection carries one direction.
 *
 * <p><b>Protocol.</b> Calls are numbered from 1, alike on all ranks. In a call that moves vectors a rank first makes its
 * memory ready, says READY to every peer, and sends a peer nothing before that peer's own READY for the same call came. It
 * returns when (a) every peer has said READY, (b) all that it sent was acknowledged, which a peer does once the bytes are
 * in their place, and (c) all that it waits for has come. Vectors go from their ends to their beginnings, as a way back through a
 * model makes gradients: in {@link #reduce}, which goes on beside the caller, pieces leave as they are complete; a rank says
 * COMPLETE when all are, and (d) waits until every peer has. A small all-gather sends its value at once and returns when it has every
 * peer's. From this follows:
 * <ul>
 * <li><i>No rank is more than one call ahead of another</i>: to end call n it needed something that each peer says only
 * in call n. So READY and small values are kept for one call beyond the current one, and no more.
 * <li><i>Memory is never written too early</i>: vectors come only after READY. <i>Nor too late</i>: a call returns when
 * all its bytes are there, pieces of another call are refused, and after a failure nothing is written; so the memory that bytes
 * come into (the inbox in {@link #reduce}, {@code flat} in {@link #allGather}) is free again when the call returns
 * or throws.
 * <li><i>Memory is never read too late</i>: because of (b) the contributions and the weights that were sent may be
 * overwritten when the call has returned; when it throws, the connections have been closed first.
 * <li>An owner may write its sums over its own contribution ({@code sum} may be {@code mine.get(0).sum()}): its own range is the one that it
 * sends to nobody.
 * </ul>
 * A peer that died is noticed by its closed connection; one that hangs by its silence: silent peers are asked for a sign of
 * life, by a thread of its own, and their event loops give it even while they compute. After any failure all calls throw {@link RankLostException}.
 *
 * <p>One thread makes the calls, and none while a {@link #reduce} is under way; {@link #abort} may come from any.
 */
public final class SparkCommunicator implements Communicator {
  private static final long PLAN_OF_VALUES = 0;
  private final int rank;
  private final int worldSize;
  private final VirtualRankTree tree;
  private final Link link;
  private final Exchange exchange;
  private final TransportContext serverContext;
  private final TransportContext clientContext;
  private final TransportServer server;
  private final TransportClientFactory clients;
  private final TreeSum treeSum;
  private final ExecutorService courier;         // moves vectors while the rank's own thread computes
  private final Inbox inbox;
  private volatile boolean closed;

  private SparkCommunicator(int rank, int worldSize, VirtualRankTree tree, Link link) {
    if (rank < 0 || rank >= worldSize || worldSize > tree.root().to()) {
      throw new IllegalArgumentException("rank " + rank + " of " + worldSize + " over " + tree.root());
    }
    this.rank = rank;
    this.worldSize = worldSize;
    this.tree = tree;
    this.link = link;
    List<Node> all = new ArrayList<>();
    for (int r = 0; r < worldSize; r++) all.addAll(nodes(r));
    treeSum = new TreeSum(tree, all);
    inbox = new Inbox(rank, worldSize, tree);
    exchange = new Exchange(rank, worldSize, link.epoch(), link.silence());
    serverContext = new TransportContext(link.conf(), new Inbound(exchange, worldSize, tree.root().to()));
    server = listen(serverContext, link);            // what may fail comes before all that would have to be closed then
    // a client's channel answers requests of the other end, and before authentication too: it must refuse them all
    clientContext = new TransportContext(link.conf(), new NoOpRpcHandler(), false, true);
    clients = clientContext
        .createClientFactory(List.of(new AuthClientBootstrap(link.conf(), link.user(), link.secrets())));
    courier = Executors.newSingleThreadExecutor(body -> {
      Thread thread = new Thread(body, "kindling-exchange-" + rank);
      thread.setDaemon(true);
      return thread;
    });
  }

  /** Starts to listen. The ranks then tell one another their {@link #address} and {@link #connect}. */
  public static SparkCommunicator listen(int rank, int worldSize, VirtualRankTree tree, Link link) {
    return new SparkCommunicator(rank, worldSize, tree, link);
  }

  /** @param context is closed where no port can be listened on */
  private static TransportServer listen(TransportContext context, Link link) {
    Exception last = null;
    for (int port = link.ports().from(); port <= link.ports().to(); port++) {
      try {
        return context.createServer(link.host(), port, List.of(new AuthServerBootstrap(link.conf(), link.secrets())));
      } catch (Exception e) {                    // Netty throws BindException undeclared
        last = e;
      }
    }
    context.close();
    throw new UserError(
        "cluster.port: no port of " + link.ports().from() + "-" + link.ports().to() + " can be listened on at "
            + link.host() + " (" + last.getMessage() + "); give a wider range, or 0 for any free port",
        last);
  }

  /** Where peers reach this rank: {@code host:port}. */
  public String address() {
    return link.host() + ":" + server.getPort();
  }

  /** Opens the connections to all peers. @param addresses by rank, this rank's own included */
  public void connect(List<String> addresses) {
    connect(addresses, lost -> {});
  }

  /**
   * Opens the connections to all peers.
   *
   * @param addresses by rank, this rank's own included
   * @param lost is told at once when the calls will fail, also while this rank computes; not of {@link #close}
   */
  public void connect(List<String> addresses, Consumer<RankLostException> lost) {
    open(addresses);
    watch(lost);
  }

  /** All at once: peers that are slow, frozen or cut off are waited for together, in the handshake too. */
  private void open(List<String> addresses) {
    Greeting greeting = new Greeting(exchange, link.silence(), addresses);
    List<Thread> greeters = new ArrayList<>();
    for (Peer peer : exchange.peers()) {
      Thread thread = new Thread(() -> greet(peer, addresses.get(peer.rank), greeting),
          "kindling-greets-" + peer.rank);
      thread.setDaemon(true);
      greeters.add(thread);
    }
    try {
      greeters.forEach(Thread::start);
      greeting.await();
    } catch (IOException e) {
      RankLostException lost = new RankLostException("rank " + rank + " cannot connect to " + e.getMessage(), e);
      exchange.fail(lost);                       // who still connects is late
      throw lost;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RankLostException("rank " + rank + " was interrupted", e);
    } finally {
      greeters.forEach(Thread::interrupt);       // those that still wait in a handshake
    }
  }

  private void greet(Peer peer, String address, Greeting greeting) {
    int colon = address.lastIndexOf(':');
    try {
      TransportClient client = clients.createUnmanagedClient(address.substring(0, colon),
          Integer.parseInt(address.substring(colon + 1)));
      exchange.connected(peer, client);
      client.sendRpc(Message.hello(link.epoch(), rank, worldSize, tree.root().to()), greeting.hello(peer));
    } catch (Throwable e) {                      // the rank's own thread throws it
      greeting.refused(peer, e);
    }
  }

  private void watch(Consumer<RankLostException> lost) {
    Thread thread = new Thread(() -> {
      try {
        RankLostException failure = new SignsOfLife(exchange, link.silence()).watch();
        if (!closed) lost.accept(failure);
      } catch (InterruptedException e) {
        // nobody interrupts it
      }
    }, "kindling-signs-of-life-" + rank);
    thread.setDaemon(true);
    thread.start();
  }

  List<Peer> peers() {
    return exchange.peers();
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int worldSize() {
    return worldSize;
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum) {
    List<Node> given = mine.stream().map(Contribution::tree).toList();
    if (!given.equals(nodes(rank)))
      throw new IllegalArgumentException(given + " are not rank " + rank + "'s " + nodes(rank));
    for (Contribution c : mine) hold(c.sum(), shards);
    hold(sum, shards);
    List<List<Tensor>> inbound = inbox.of(shards.size(rank));
    List<Tensor> parts = new ArrayList<>();      // of this rank's shard, in the tree's order
    for (int r = 0; r < worldSize; r++) parts.addAll(r == rank ? ranges(mine, shards, rank) : inbound.get(r));
    List<Outgoing> out = new ArrayList<>();
    for (Peer peer : exchange.peers()) {
      out.add(new Outgoing(exchange, peer, ranges(mine, shards, peer.rank), shards.from(peer.rank)));
    }
    Summation summation = new Summation(exchange, treeSum, parts, range(sum, shards, rank), shards.from(rank));
    return new Transfer(exchange, plan(1, shards), new Incoming(inbound), out, summation).beside(courier, sum.size());
  }

  @Override
  public void allGather(Tensor flat, Shards shards) {
    hold(flat, shards);
    List<List<Tensor>> inbound = new ArrayList<>();
    for (int r = 0; r < worldSize; r++) inbound.add(r == rank ? List.of() : List.of(range(flat, shards, r)));
    List<Outgoing> out = new ArrayList<>();
    for (Peer peer : exchange.peers()) {
      out.add(new Outgoing(exchange, peer, List.of(range(flat, shards, rank)), shards.from(rank)));
    }
    new Transfer(exchange, plan(2, shards), Incoming.whole(inbound), out, new Arrival(exchange)).run();
  }

  @Override
  public void allToAll(List<Tensor> out, List<Tensor> in) {
    List<List<Tensor>> inbound = new ArrayList<>();
    long[] plans = new long[worldSize];
    for (int r = 0; r < worldSize; r++) {
      inbound.add(r == rank ? List.of() : List.of(in.get(r)));
      long up = (r < rank ? in : out).get(r).bytes(), down = (r < rank ? out : in).get(r).bytes();
      plans[r] = plan(3, up, down);
    }
    List<Outgoing> outgoing = new ArrayList<>();
    for (Peer peer : exchange.peers()) outgoing.add(new Outgoing(exchange, peer, List.of(out.get(peer.rank)), 0));
    new Transfer(exchange, plans, Incoming.whole(inbound), outgoing, new Arrival(exchange)).run();
  }

  @Override
  public List<byte[]> allGather(byte[] mine) {
    if (mine.length > Exchange.LARGEST_VALUE)
      throw new IllegalArgumentException(mine.length + " bytes are no small value");
    return guarded(() -> {
      long call = exchange.begin(PLAN_OF_VALUES, Incoming.NOTHING);
      for (Peer peer : exchange.peers()) exchange.tell(peer, Message.value(link.epoch(), call, mine));
      until(exchange::hasValues);
      List<byte[]> all = new ArrayList<>();
      for (int r = 0; r < worldSize; r++) all.add(r == rank ? mine.clone() : exchange.takeValue(r));
      return all;
    });
  }

  /**
   * The last call of a run that went well: waits until all ranks have come this far, so that none closes a connection that
   * another still waits on. Only {@link #close} may follow.
   */
  public void leave() {
    guarded(() -> {
      exchange.begin(PLAN_OF_VALUES, Incoming.NOTHING);
      exchange.farewell();
      until(exchange::allHaveLeft);
      return null;
    });
  }

  @Override
  public void throwIfLost() {
    exchange.throwIfFailed();
  }

  @Override
  public void abort(String why) {
    exchange.fail(new RankLostException("rank " + rank + " was told to stop: " + why));
  }

  @Override
  public void close() {
    closed = true;
    exchange.quiesce();
    end(courier);
    clients.close();
    server.close();
    clientContext.close();
    serverContext.close();
    inbox.close();
  }

  /** Returns when a transfer that has failed reads no memory any more. */
  private static void end(ExecutorService courier) {
    courier.shutdown();
    boolean interrupted = false;
    for (boolean ended = false; !ended;) {
      try {
        ended = courier.awaitTermination(1, TimeUnit.HOURS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  private void until(BooleanSupplier holds) {
    while (true) {
      long seen = exchange.events();
      if (holds.getAsBoolean()) return;
      exchange.await(seen);
    }
  }

  private interface Call<T> {
    T run();
  }

  /** A call that fails leaves no connection open, so that nothing reads or writes the caller's memory afterwards. */
  private <T> T guarded(Call<T> call) {
    try {
      return call.run();
    } catch (RuntimeException | Error e) {
      exchange.quiesce();
      throw e;
    }
  }

  private List<Node> nodes(int of) {
    return tree.maximalSubtrees(tree.range(of, worldSize));
  }

  private static List<Tensor> ranges(List<Contribution> of, Shards shards, int owner) {
    return of.stream().map(c -> range(c.sum(), shards, owner)).toList();
  }

  private static Tensor range(Tensor flat, Shards shards, int owner) {
    return flat.slice(shards.from(owner), shards.size(owner));
  }

  private void hold(Tensor flat, Shards shards) {
    if (shards.worldSize() != worldSize || shards.to(worldSize - 1) != flat.size() || flat.type() != DType.FLOAT32) {
      throw new IllegalArgumentException(flat + " is not what " + shards.worldSize() + " shards up to "
          + shards.to(shards.worldSize() - 1) + " divide");
    }
  }

  private long[] plan(int kind, Shards shards) {
    long[] alike = new long[worldSize];
    Arrays.fill(alike, plan(kind, shards.borders()));
    return alike;
  }

  /** A number that ranks share when they make the same call; never that of small values. */
  private static long plan(int kind, long... sizes) {
    long plan = kind;
    for (long size : sizes) plan = (plan ^ size) * 0x9E3779B97F4A7C15L + 1;
    return plan | 1;
  }

  /** Vectors that only have to come. */
  private record Arrival(Exchange exchange) implements Transfer.Work {
    @Override
    public boolean step(long complete) {
      return false;
    }

    @Override
    public boolean isDone() {
      return exchange.has(Long.MAX_VALUE);
    }
  }
}
