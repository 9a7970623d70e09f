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
 * one says so in the log and ends, or freezes, its own process by a signal that no process can catch.
 *
 * @param folder that driver and executors share
 */
record Faults(String folder) implements Serializable {
  private static final String LOG = "log";
  /** Steps that an attempt must have done before it is struck, so that a run gets on between two faults. */
  private static final int STEPS = 6;
  private static final SplittableRandom RANDOM = new SplittableRandom();

  /** What a rank is at. */
  enum Phase {
    BACKWARD, REDUCE, ALL_GATHER, SNAPSHOT, COMMIT, LOAD
  }

  enum Kind {
    KILL, FREEZE
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

  /** What happened, one line a fault. */
  List<String> happened() throws IOException {
    return Files.exists(Path.of(folder, LOG)) ? Files.readAllLines(Path.of(folder, LOG)) : List.of();
  }

  /** A rank is in that phase: if a fault waits for it there, this does not return, or late. @param steps that its attempt has done */
  void at(Phase phase, int rank, int steps) {
    boolean early = steps < STEPS && phase.compareTo(Phase.SNAPSHOT) < 0;
    if (early || phase.compareTo(Phase.SNAPSHOT) < 0 && RANDOM.nextInt(4) > 0) return;
    List<String> waiting = waiting();
    if (waiting.isEmpty() || !waiting.get(0).endsWith("-" + phase)) return;
    if (take(waiting.get(0), rank, steps)) strike(waiting.get(0).contains(Kind.FREEZE.name()));
  }

  private boolean take(String fault, int rank, int steps) {
    try {
      Files.delete(Path.of(folder, fault));
      Files.writeString(Path.of(folder, LOG), fault + " rank " + rank + " after " + steps + " steps\n",
          StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return true;
    } catch (NoSuchFileException | FileAlreadyExistsException e) {
      return false;                              // another rank was faster
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A frozen process goes on after some seconds, if it is still there: the run should have long gone on without it. */
  private static void strike(boolean freeze) {
    long pid = ProcessHandle.current().pid();
    String script = freeze ? "kill -STOP " + pid + "; sleep 9; kill -CONT " + pid : "kill -KILL " + pid;
    try {
      new ProcessBuilder("setsid", "sh", "-c", script).start();
      Thread.sleep(freeze ? 1_000 : 60_000);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the fault did not happen", e);
    }
  }
}
