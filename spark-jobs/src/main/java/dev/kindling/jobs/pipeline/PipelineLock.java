package dev.kindling.jobs.pipeline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps two schedulers from running a pipeline at the same time, on any file system that creates a file atomically.
 *
 * <pre>
 *   lock/00000007            who holds it: created, never written again
 *   lock/00000007.beat       rewritten every quarter of the expiry
 *   lock/00000007.released   it is given back
 * </pre>
 *
 * The next holder creates the next number, which one only can. It may where the newest is released, or has given no sign of life for the
 * expiry, by the file system's own clock. Numbers below a holder's are deleted, so that one that was created late can be told by a higher
 * one beside it. A holder that finds a higher number has been given up and knows it.
 */
public final class PipelineLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineLock.class);
  private static final String BEAT = ".beat", RELEASED = ".released";
  private final FileSystem fs;
  private final Path folder;
  private final long number;
  private final Duration expiry;
  private final Runnable lost;
  private final Thread beating;
  private volatile boolean isLost;
  private volatile boolean closed;

  /** Somebody else holds it. */
  public static final class HeldException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    HeldException(String message) {
      super(message);
    }
  }

  private PipelineLock(FileSystem fs, Path folder, long number, Duration expiry, Runnable lost) {
    this.fs = fs;
    this.folder = folder;
    this.number = number;
    this.expiry = expiry;
    this.lost = lost;
    this.beating = new Thread(this::beat, "kindling-pipeline-lock");
    beating.setDaemon(true);
  }

  /**
   * Takes it.
   *
   * @param owner for who comes second; @param lost is run when it was taken over
   * @throws HeldException where another holds it and lives
   */
  public static PipelineLock take(Configuration conf, Path folder, Duration expiry, String owner, Runnable lost) {
    FileSystem fs = Storage.of(conf, folder);
    try {
      fs.mkdirs(folder);
      while (true) {
        long newest = newest(fs, folder);
        if (newest > 0) refuseWhileHeld(fs, folder, newest, expiry);
        long mine = newest + 1;
        if (!create(fs, file(folder, mine, ""), owner)) continue;
        if (newest(fs, folder) > mine) {         // others had that number meanwhile, and deleted it
          fs.delete(file(folder, mine, ""), false);
          continue;
        }
        PipelineLock lock = new PipelineLock(fs, folder, mine, expiry, lost);
        lock.sign();
        lock.beating.start();
        clean(fs, folder, mine);
        return lock;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void refuseWhileHeld(FileSystem fs, Path folder, long number, Duration expiry) throws IOException {
    if (fs.exists(file(folder, number, RELEASED))) return;
    long silent = now(fs, folder) - Math.max(time(fs, file(folder, number, "")), time(fs, file(folder, number, BEAT)));
    if (silent >= expiry.toMillis()) {
      LOG.warn("The lock {} has given no sign of life for {} ms and is taken over", file(folder, number, ""), silent);
      return;
    }
    throw new HeldException("the pipeline is being run by " + owner(fs, file(folder, number, ""))
        + ", who gave a sign of life " + Math.max(0, silent) / 1000 + " s ago; wait until it has ended, or "
        + expiry.toSeconds() + " s from its last sign of life");
  }

  private static String owner(FileSystem fs, Path file) {
    try {
      ObjectNode json = Json.parse(Storage.readSmall(fs, file, 1 << 16), file.toString());
      return json.path("owner").asText() + " since " + json.path("since").asText();
    } catch (UserError halfWritten) {
      return "somebody";
    }
  }

  private static boolean create(FileSystem fs, Path file, String owner) throws IOException {
    byte[] text = Json.bytes(Json.object().put("owner", owner).put("since", Instant.now().toString()));
    try {
      if (fs.getUri().getScheme().equals("file")) {        // Hadoop looks first and creates then
        Files.write(Paths.get(file.toUri().getPath()), text, StandardOpenOption.CREATE_NEW);
      } else {
        FSDataOutputStreamBuilder<?, ?> creating = fs.createFile(file).overwrite(false);
        creating.opt("fs.option.create.conditional.overwrite", true);      // object stores that can do so
        try (FSDataOutputStream out = creating.build()) {
          out.write(text);
        }
      }
      return true;
    } catch (FileAlreadyExistsException | java.nio.file.FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {                    // HDFS has another one where somebody is still creating it
      if (!fs.exists(file)) throw e;
      return false;
    }
  }

  private void beat() {
    long signed = System.nanoTime();
    while (!closed && !isLost) {
      try {
        Thread.sleep(expiry.toMillis() / 4);
        if (closed) return;
        if (newest(fs, folder) > number) lose();
        else sign();
        signed = System.nanoTime();
      } catch (IOException | RuntimeException e) {
        LOG.warn("No sign of life could be given", e);
        if (System.nanoTime() - signed > expiry.toNanos() * 3 / 4) lose();     // another may think it free soon
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void lose() {
    if (closed) return;
    isLost = true;
    lost.run();
  }

  /** Whether another has taken it over, or may have. */
  public boolean isLost() {
    return isLost;
  }

  private void sign() throws IOException {
    try (FSDataOutputStream out = fs.create(file(folder, number, BEAT), true)) {
      out.writeLong(System.currentTimeMillis());
    }
  }

  /** Gives no more signs of life, as a process that is gone. */
  void fallSilent() {
    beating.interrupt();
  }

  /** Gives it back. */
  @Override
  public void close() {
    if (closed) return;
    closed = true;
    beating.interrupt();
    if (isLost) return;
    try {
      fs.create(file(folder, number, RELEASED), true).close();
    } catch (IOException e) {
      LOG.warn("The lock {} could not be given back and will expire", file(folder, number, ""), e);
    }
  }

  private static long newest(FileSystem fs, Path folder) throws IOException {
    long newest = 0;
    for (FileStatus each : fs.listStatus(folder)) {
      String name = each.getPath().getName();
      if (name.matches("\\d{8,18}")) newest = Math.max(newest, Long.parseLong(name));
    }
    return newest;
  }

  private static void clean(FileSystem fs, Path folder, long number) throws IOException {
    for (FileStatus each : fs.listStatus(folder)) {
      String name = each.getPath().getName();
      if (name.matches("\\d{8,18}(\\.\\w+)?") && Long.parseLong(name.replaceAll("\\..*", "")) < number) {
        fs.delete(each.getPath(), false);
      }
    }
  }

  /** The file system's clock, which may differ from this machine's. */
  private static long now(FileSystem fs, Path folder) throws IOException {
    Path probe = new Path(folder, "probe-" + UUID.randomUUID());
    try {
      fs.create(probe, true).close();
      return time(fs, probe);
    } finally {
      fs.delete(probe, false);
    }
  }

  private static long time(FileSystem fs, Path file) throws IOException {
    try {
      return fs.getFileStatus(file).getModificationTime();
    } catch (FileNotFoundException e) {
      return 0;
    }
  }

  private static Path file(Path folder, long number, String kind) {
    return new Path(folder, String.format("%08d", number) + kind);
  }
}
