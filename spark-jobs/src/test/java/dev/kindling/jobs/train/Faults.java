package dev.kindling.jobs.train;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Faults that wait in a folder, one a file, for a rank to come to their place; the lowest file is the next. A rank that takes
 * one says so in the log; then its process is ended or frozen by a signal that no process can catch, or the rank ends, or its
 * connections break or stand still.
 *
 * @param folder that driver and executors share
 */
record Faults(String folder) implements Serializable {
  private static final String LOG = "log";
  /** How lines of the log begin that tell what became of a frozen process. */
  static final String THAWED = "thawed", GONE = "gone";
  /** Steps that an attempt must have done before it is struck, so that a run gets on between two faults. */
  private static final int STEPS = 5;
  static final long FROZEN_MILLIS = 12_000;
  private static final SplittableRandom RANDOM = new SplittableRandom();

  /** What a rank is at. */
  enum Phase {
    BACKWARD, REDUCE, ALL_GATHER, SNAPSHOT, COMMIT, LOAD
  }

  /** KILL and FREEZE take the executor's process, RANK the rank alone, CUT and STALL its connections. */
  enum Kind {
    KILL, FREEZE, RANK, CUT, STALL
  }

  /** Puts a fault behind those that wait. */
  void add(int number, Kind kind, Phase phase) {
    try {
      Files.createDirectories(Path.of(folder));
      Files.createFile(Path.of(folder, String.format("%04d-%s-%s", number, kind, phase)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Faults that no rank has come to. */
  List<String> waiting() {
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      return files.map(f -> f.getFileName().toString()).filter(f -> !f.equals(LOG)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What happened, one line a fault; at its end the time in ms. */
  List<String> happened() throws IOException {
    return Files.exists(Path.of(folder, LOG)) ? Files.readAllLines(Path.of(folder, LOG)) : List.of();
  }

  /**
   * A rank is in that phase. If a fault waits for it there, this does not return, or late, or throws what ends the rank.
   *
   * @param steps that its attempt has done; @param connections what it talks through; null where it may be none
   */
  void at(Phase phase, int rank, int steps, ConnectionFaults connections) {
    boolean early = steps < STEPS && phase.compareTo(Phase.SNAPSHOT) < 0;
    if (early || phase.compareTo(Phase.SNAPSHOT) < 0 && RANDOM.nextInt(4) > 0) return;
    String next = next(phase);
    if (!next.endsWith("-" + phase)) return;
    Kind kind = Kind.valueOf(next.split("-")[1]);
    if ((kind == Kind.CUT || kind == Kind.STALL) && connections == null || !take(next, rank, steps)) return;
    switch (kind) {
      case KILL -> signal("kill -KILL " + pid(), 60_000);
      case FREEZE -> signal("kill -STOP " + pid() + "; sleep " + FROZEN_MILLIS / 1000 + "; if kill -CONT " + pid()
          + "; then end=" + THAWED + "; else end=" + GONE + "; fi; echo $end rank " + rank + " at $(date +%s%3N) >>"
          + Path.of(folder, LOG), 1_000);
      case RANK -> throw new Ended(next);
      case CUT -> connections.cut();
      case STALL -> connections.stall();
    }
  }

  /**
   * The lowest fault. Nothing is loaded before a rank was lost, so those in LOAD are passed over in the other phases: else the first
   * of them would wait for a loss, and all others for it.
   */
  private String next(Phase phase) {
    return waiting().stream().filter(fault -> phase == Phase.LOAD || !fault.endsWith("-" + Phase.LOAD)).findFirst()
        .orElse("");
  }

  /** What can be done to a rank's connections. */
  interface ConnectionFaults {
    void cut();

    void stall();
  }

  /** The end of a rank whose process goes on. */
  static final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Ended(String fault) {
      super(fault);
    }
  }

  private boolean take(String fault, int rank, int steps) {
    try {
      Files.delete(Path.of(folder, fault));
      Files.writeString(Path.of(folder, LOG),
          fault + " rank " + rank + " after " + steps + " steps at " + System.currentTimeMillis() + "\n",
          StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return true;
    } catch (NoSuchFileException | FileAlreadyExistsException e) {
      return false;                              // another rank was faster
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long pid() {
    return ProcessHandle.current().pid();
  }

  private static void signal(String script, long millis) {
    try {
      new ProcessBuilder("setsid", "sh", "-c", script).start();
      Thread.sleep(millis);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the fault did not happen", e);
    }
  }
}
