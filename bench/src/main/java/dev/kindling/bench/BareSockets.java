package dev.kindling.bench;

import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.TreeSum;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The peer of {@link Allreduce}: blocking sockets, two threads for each other rank, pieces added as they come. */
final class BareSockets implements AutoCloseable {
  /** There are no more. */
  static final int RANKS = 2;
  private static final int BUFFER = 4 << 20;
  private static final int PIECE = 1 << 20;      // bytes
  private final int rank;
  private final ServerSocketChannel server = ServerSocketChannel.open();
  private final SocketChannel[] peers;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final TreeSum tree;
  private Memory inbox;

  BareSockets(int rank) throws IOException {
    this.rank = rank;
    peers = new SocketChannel[RANKS];
    VirtualRankTree all = new VirtualRankTree(RANKS);
    tree = new TreeSum(all, List.of(all.root().left(), all.root().right()));
    server.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER);
    server.bind(new InetSocketAddress("127.0.0.1", 0));
  }

  int port() throws IOException {
    return ((InetSocketAddress) server.getLocalAddress()).getPort();
  }

  /** Rank 1 calls rank 0. */
  void connect(List<Integer> ports) throws IOException {
    int other = 1 - rank;
    if (rank == 0) {
      peers[other] = server.accept();
    } else {
      peers[other] = SocketChannel.open().setOption(StandardSocketOptions.SO_RCVBUF, BUFFER);
      peers[other].connect(new InetSocketAddress("127.0.0.1", ports.get(other)));
    }
    peers[other].setOption(StandardSocketOptions.SO_SNDBUF, BUFFER).setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  /** Replaces the vector by its sum over both ranks. */
  void sum(Tensor vector, Shards shards) throws Exception {
    int other = 1 - rank;
    Tensor mine = vector.slice(shards.from(rank), shards.size(rank));
    Tensor theirs = vector.slice(shards.from(other), shards.size(other));
    if (inbox == null || inbox.bytes() < mine.bytes()) inbox = Memory.allocate(mine.bytes());
    Tensor received = Tensor.at(inbox.address(), DType.FLOAT32, mine.size());
    List<Tensor> parts = rank == 0 ? List.of(mine, received) : List.of(received, mine);
    List<Future<?>> work = new ArrayList<>();
    work.add(threads.submit(() -> send(peers[other], theirs)));
    work.add(threads.submit(() -> receive(peers[other], received, (at, count) -> tree.sum(parts, mine, at, count))));
    for (Future<?> f : work) f.get();
    work.clear();
    work.add(threads.submit(() -> send(peers[other], mine)));
    work.add(threads.submit(() -> receive(peers[other], theirs, (at, count) -> {})));
    for (Future<?> f : work) f.get();
  }

  private interface Piece {
    void came(long at, int count);
  }

  private static Void send(SocketChannel to, Tensor from) throws IOException {
    for (long at = 0; at < from.size(); at += PIECE / Float.BYTES) {
      ByteBuffer piece = from.buffer(at, Math.min(PIECE / Float.BYTES, from.size() - at));
      while (piece.hasRemaining()) to.write(piece);
    }
    return null;
  }

  private static Void receive(SocketChannel from, Tensor into, Piece then) throws IOException {
    for (long at = 0; at < into.size(); at += PIECE / Float.BYTES) {
      int count = (int) Math.min(PIECE / Float.BYTES, into.size() - at);
      ByteBuffer piece = into.buffer(at, count);
      while (piece.hasRemaining()) { if (from.read(piece) < 0) throw new EOFException(); }
      then.came(at, count);
    }
    return null;
  }

  @Override
  public void close() throws IOException {
    threads.shutdownNow();
    for (SocketChannel c : peers) if (c != null) c.close();
    server.close();
    if (inbox != null) inbox.close();
  }
}
