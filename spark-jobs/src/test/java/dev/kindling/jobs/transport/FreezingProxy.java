package dev.kindling.jobs.transport;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands between two ranks and can stop passing bytes on without closing anything: what a frozen process looks like. */
final class FreezingProxy implements AutoCloseable {
  private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final String target;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile boolean frozen;

  FreezingProxy(String target) throws IOException {
    this.target = target;
    start(this::accept);
  }

  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  void freeze() {
    frozen = true;
  }

  private interface Body {
    void run() throws IOException;
  }

  private static void start(Body body) {
    Thread thread = new Thread(() -> {
      try {
        body.run();
      } catch (IOException e) {
        // closed
      }
    });
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket from = server.accept();
      Socket to = new Socket("127.0.0.1", Integer.parseInt(target.split(":")[1]));
      sockets.add(from);
      sockets.add(to);
      start(() -> pass(from.getInputStream(), to.getOutputStream()));
      start(() -> pass(to.getInputStream(), from.getOutputStream()));
    }
  }

  private void pass(InputStream from, OutputStream to) throws IOException {
    byte[] bytes = new byte[1 << 16];
    for (int n = from.read(bytes); n >= 0; n = from.read(bytes)) {
      if (frozen) return;
      to.write(bytes, 0, n);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket s : sockets) s.close();
  }
}
