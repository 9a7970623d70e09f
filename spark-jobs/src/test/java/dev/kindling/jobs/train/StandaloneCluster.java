package dev.kindling.jobs.train;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** A standalone master and workers, processes of their own whose class path is the test's, each with one core. */
final class StandaloneCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private final Path folder;
  private final String master;
  private final List<Process> daemons = new ArrayList<>();
  private final List<Process> workers = new ArrayList<>();

  private StandaloneCluster(Path folder, String master) {
    this.folder = folder;
    this.master = master;
  }

  /** Returns when the master answers; workers register with it as they come. @param folder for logs and work */
  static StandaloneCluster start(Path folder, int workers) throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Files.createDirectories(folder);
    Sessions.ofExecutors();                      // makes the Spark home
    StandaloneCluster cluster = new StandaloneCluster(folder, "spark://127.0.0.1:" + port);
    boolean started = false;
    try {
      await(port, cluster.daemon("master", "master.Master", "--port", "" + port, "--webui-port", "0"));
      for (int i = 0; i < workers; i++) cluster.beginWorker();
      started = true;
    } finally {
      if (!started) cluster.close();
    }
    return cluster;
  }

  /** Starts one more; does not wait for it. */
  void beginWorker() throws IOException {
    int number = workers.size();
    workers.add(daemon("worker-" + number, "worker.Worker", "--webui-port", "0", "--cores", "1", "--memory", "1g",
        "--work-dir", folder.resolve("work-" + number).toString(), master));
  }

  private Process daemon(String name, String type, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("kindling.jvm.flags").split("\\s+")));
    command.addAll(List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
        Sessions.ofExecutors().get("spark.executor.extraClassPath"), "org.apache.spark.deploy." + type, "--host",
        "127.0.0.1"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true)
        .redirectOutput(folder.resolve(name + ".log").toFile()).start();
    daemons.add(process);
    return process;
  }

  private static void await(int port, Process master) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try (Socket answers = new Socket("127.0.0.1", port)) {
        return;
      } catch (IOException e) {
        if (!master.isAlive() || System.nanoTime() > end) throw e;
        Thread.sleep(50);
      }
    }
  }

  /** An application on all workers. */
  SparkSession session(Map<String, String> settings) {
    SparkSession.Builder builder = Sessions.builder(master);
    Sessions.ofExecutors().forEach(builder::config);
    settings.forEach(builder::config);
    return builder.getOrCreate();
  }

  /** Ends a worker and its executors by SIGKILL: what a lost host looks like. */
  void kill(int worker) {
    ProcessHandle process = workers.get(worker).toHandle();
    List<ProcessHandle> executors = process.descendants().toList();
    process.destroyForcibly();
    executors.forEach(ProcessHandle::destroyForcibly);
  }

  /** Ends a worker's executor by SIGKILL; another one is started in its place. */
  void killExecutor(int worker) {
    workers.get(worker).toHandle().descendants().forEach(ProcessHandle::destroyForcibly);
  }

  /** Ends the master by SIGKILL. */
  void killMaster() {
    daemons.get(0).destroyForcibly();
  }

  @Override
  public void close() {
    for (int i = daemons.size() - 1; i >= 0; i--) {
      ProcessHandle process = daemons.get(i).toHandle();
      List<ProcessHandle> executors = process.descendants().toList();
      process.destroyForcibly();
      executors.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
