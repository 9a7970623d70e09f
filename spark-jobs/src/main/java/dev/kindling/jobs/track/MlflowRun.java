package dev.kindling.jobs.track;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run on an MLflow server. Numbers wait in a queue that a thread of its own empties, so that neither a slow server nor a dead one
 * holds anything up; a dead one is warned of once and tried again now and then. The run's id is kept in the run's folder: who goes on
 * with the run goes on with the same, from the step after the last that the server has.
 */
final class MlflowRun implements Tracker {
  /** Of a run's folder. */
  static final String FILE = "mlflow.json";
  private static final Logger LOG = LoggerFactory.getLogger(MlflowRun.class);
  private static final int MOST_METRICS = 1_000;           // of one request
  private static final int MOST_PARAMS = 100;
  private static final int LONGEST_PARAM = 500;            // characters that old servers take
  private static final int MOST_WAITING = 100_000;         // metrics; older ones are dropped
  private static final long PAUSE_MILLIS = 1_000, AFTER_FAILURE_MILLIS = 15_000, LAST_WORD_MILLIS = 10_000;
  private final MlflowServer server;
  private final URI address;
  private final String experiment, name;
  private final Configuration conf;
  private final Path file;
  private final Map<String, String> parameters;
  private final Consumer<String> told;
  private final ArrayDeque<MlflowServer.Metric> waiting = new ArrayDeque<>();
  private Thread sender;
  private String run = "";                       // its id, once it is known
  private final Map<String, Long> newest = new HashMap<>();          // step by tag: sent or waiting
  private final Map<String, String> unsent = new LinkedHashMap<>();  // of the parameters
  private boolean kept;                          // the id, in the run's folder
  private boolean warned, warnedOfFile;
  private Status end;                            // null: it goes on

  /** @param run the run's folder */
  MlflowRun(MlflowSettings settings, URI address, Map<String, String> environment, Configuration conf, Path run,
      Map<String, String> parameters, Consumer<String> told) {
    this.server = new MlflowServer(address, environment);
    this.address = address;
    this.experiment = settings.experiment(environment);
    this.name = settings.runName().isEmpty() ? run.getName() : settings.runName();
    this.conf = conf;
    this.file = new Path(run, FILE);
    this.parameters = parameters;
    this.told = told;
  }

  @Override
  public synchronized void started(long firstStep, long steps, int ranks) {
    if (sender != null) return;                  // another attempt of the same driver's
    sender = new Thread(this::send, "kindling-mlflow");
    sender.setDaemon(true);
    sender.start();
  }

  @Override
  public void stepped(StepRow row) {
    row.scalars().forEach((tag, value) -> add(tag, value, row.time().toEpochMilli(), row.step()));
  }

  @Override
  public void evaluated(long step, double meanLoss) {
    add("validation/loss", meanLoss, System.currentTimeMillis(), step);
  }

  private synchronized void add(String tag, double value, long millis, long step) {
    if (step <= newest.getOrDefault(tag, 0L)) return;      // done again after a loss
    newest.put(tag, step);
    if (waiting.size() == MOST_WAITING) waiting.remove();
    waiting.add(new MlflowServer.Metric(tag, value, millis, step));
  }

  @Override
  public void ended(Status status) {
    Thread thread;
    synchronized (this) {
      if (sender == null) return;
      end = status;
      thread = sender;
      notifyAll();
    }
    try {
      thread.join(LAST_WORD_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void send() {
    long pause = PAUSE_MILLIS;
    while (true) {
      boolean last = pause(pause);
      try {
        if (run.isEmpty()) begin();
        if (!kept) keep();
        sendParameters();
        sendWaiting();
        pause = PAUSE_MILLIS;
        if (last) server.ended(run, end.name(), System.currentTimeMillis());
      } catch (IOException | RuntimeException e) {
        LOG.debug("MLflow", e);
        if (!warned) {
          told.accept("warning: MLflow at " + address + " does not take the run's numbers, the training goes on: "
              + MlflowServer.reason(e));
        }
        warned = true;
        pause = AFTER_FAILURE_MILLIS;
      }
      if (last) return;
    }
  }

  /** @return whether the run has ended: this is the last time */
  private synchronized boolean pause(long millis) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    try {
      for (long left = millis; end == null && left > 0; left = (until - System.nanoTime()) / 1_000_000) wait(left);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
    return end != null;
  }

  private void sendWaiting() throws IOException {
    for (List<MlflowServer.Metric> some = some(); !some.isEmpty(); some = some()) {
      server.log(run, some, Map.of());
      Set<MlflowServer.Metric> gone = Collections.newSetFromMap(new IdentityHashMap<>());
      gone.addAll(some);
      synchronized (this) {
        // some may have been dropped meanwhile, as there was no room
        while (gone.contains(waiting.peek())) waiting.remove();
      }
    }
  }

  private synchronized List<MlflowServer.Metric> some() {
    return waiting.stream().limit(MOST_METRICS).toList();
  }

  /** Goes on with the run that the folder names, or makes one. */
  private void begin() throws IOException {
    FileSystem fs = Storage.of(conf, file);
    if (Storage.exists(fs, file)) {
      ObjectNode known = Json.parse(Storage.readSmall(fs, file, 1 << 16), file.toString());
      String id = known.path("runId").asText();
      if (known.path("uri").asText().equals(address.toString()) && !id.isEmpty()) {
        try {
          passOver(server.lastSteps(id));
          server.running(id);
          run = id;
          kept = true;
          return;
        } catch (MlflowServer.Refused e) {
          if (e.status() != 404) throw e;        // deleted on the server: a new one
        }
      }
    }
    create();
  }

  /** @param there the steps that the server has, by tag */
  private synchronized void passOver(Map<String, Long> there) {
    waiting.removeIf(metric -> metric.step() <= there.getOrDefault(metric.key(), 0L));
    there.forEach((tag, step) -> newest.merge(tag, step, Math::max));
  }

  private void create() throws IOException {
    String user = System.getProperty("user.name", "unknown");
    Map<String, String> tags = new LinkedHashMap<>();
    tags.put("mlflow.user", user);
    tags.put("mlflow.source.type", "JOB");
    tags.put("mlflow.source.name", "kindling pretrain");
    run = server.createRun(server.experiment(experiment), name, System.currentTimeMillis(), tags);
    unsent.putAll(parameters);
    told.accept("MLflow: run " + run + " of experiment " + experiment + " at " + address);
  }

  /** Where the folder does not take it, the numbers are sent all the same. */
  private void keep() {
    try (PendingFile out = PendingFile.create(Storage.of(conf, file), file)) {
      out.write(Json.bytes(Json.object().put("uri", address.toString()).put("experiment", experiment)
          .put("runId", run)));
      out.commit(FILE);
      kept = true;
    } catch (IOException | RuntimeException e) {
      LOG.debug("MLflow", e);
      if (!warnedOfFile) {
        told.accept("warning: " + file + " cannot be written, who goes on with the run begins another at " + address
            + ": " + e);
      }
      warnedOfFile = true;
    }
  }

  private void sendParameters() throws IOException {
    while (!unsent.isEmpty()) {
      Map<String, String> some = new LinkedHashMap<>();
      for (Map.Entry<String, String> each : unsent.entrySet()) {
        if (some.size() == MOST_PARAMS) break;
        String value = each.getValue();
        some.put(each.getKey(), value.substring(0, Math.min(LONGEST_PARAM, value.length())));
      }
      try {
        server.log(run, List.of(), some);
      } catch (MlflowServer.Refused e) {
        if (e.status() == 400) unsent.keySet().removeAll(some.keySet());       // it will never take them
        throw e;
      }
      unsent.keySet().removeAll(some.keySet());
    }
  }

  /** For a warning. */
  @Override
  public String toString() {
    return "MLflow's run at " + address;
  }
}
