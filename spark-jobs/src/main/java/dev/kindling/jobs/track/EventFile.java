package dev.kindling.jobs.track;

import com.google.protobuf.CodedOutputStream;
import dev.kindling.checkpoint.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;

/**
 * TensorBoard's event files, one an attempt. The messages are those of tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto, of which scalars need seven fields: written here with protobuf's own coder, as the jars that hold
 * generated classes bring TensorFlow's native library or an old protobuf.
 *
 * <p>An attempt begins its file with a session's start at its first step: TensorBoard then drops what earlier files say of that step and
 * later ones, and each step is plotted once.
 */
final class EventFile implements Tracker {
  /** Of a run's folder. */
  static final String FOLDER = "tensorboard";
  private static final String PREFIX = "events.out.tfevents.";
  private static final Pattern NAME = Pattern.compile(Pattern.quote(PREFIX) + "(\\d{10})\\.");
  private static final int WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7;       // of Event
  private static final int VALUE = 1;                      // of Summary
  private static final int TAG = 1, SIMPLE_VALUE = 2;      // of Summary.Value
  private static final int STATUS = 1, START = 1;          // of SessionLog
  private static final long FLUSH_MILLIS = 1_000;
  private final Configuration conf;
  private final Path folder;
  private FSDataOutputStream out;                // null: no attempt is under way
  private boolean flushes;
  private long flushed;

  /** @param run the run's folder */
  EventFile(Configuration conf, Path run) {
    this.conf = conf;
    this.folder = new Path(run, FOLDER);
  }

  @Override
  public void started(long firstStep, long steps, int ranks) throws IOException {
    close();
    FileSystem fs = Storage.of(conf, folder);
    String name = String.format("%s%010d.%s.%d", PREFIX, second(fs), host(), ProcessHandle.current().pid());
    out = fs.create(new Path(folder, name), false);
    flushes = out.hasCapability(StreamCapabilities.HFLUSH);
    write(0, coded -> coded.writeString(FILE_VERSION, "brain.Event:2"));
    write(firstStep, coded -> coded.writeByteArray(SESSION_LOG, message(log -> log.writeEnum(STATUS, START))));
    flush();
  }

  @Override
  public void stepped(StepRow row) throws IOException {
    scalars(row.step(), row.scalars());
    if (System.currentTimeMillis() - flushed > FLUSH_MILLIS) flush();
  }

  @Override
  public void evaluated(long step, double meanLoss) throws IOException {
    scalars(step, Map.of("validation/loss", meanLoss));
    flush();
  }

  @Override
  public void ended(Status status) throws IOException {
    close();
  }

  /**
   * The one of a new file's name, after that of every file there: TensorBoard reads files in the order of their names, and an earlier attempt
   * may have begun within this second, or on a machine whose clock is ahead.
   */
  private long second(FileSystem fs) throws IOException {
    long second = System.currentTimeMillis() / 1000;
    if (!fs.exists(folder)) return second;
    for (FileStatus file : fs.listStatus(folder)) {
      Matcher earlier = NAME.matcher(file.getPath().getName());
      if (earlier.lookingAt()) second = Math.max(second, Long.parseLong(earlier.group(1)) + 1);
    }
    return second;
  }

  private void scalars(long step, Map<String, Double> values) throws IOException {
    if (out == null) return;
    byte[] summary = message(all -> {
      for (Map.Entry<String, Double> each : values.entrySet()) {
        all.writeByteArray(VALUE, message(value -> {
          value.writeString(TAG, each.getKey());
          value.writeFloat(SIMPLE_VALUE, each.getValue().floatValue());
        }));
      }
    });
    write(step, coded -> coded.writeByteArray(SUMMARY, summary));
  }

  private void write(long step, Fields fields) throws IOException {
    TfRecord.write(out, message(event -> {
      event.writeDouble(WALL_TIME, System.currentTimeMillis() / 1e3);
      event.writeInt64(STEP, step);
      fields.writeTo(event);
    }));
  }

  private void flush() throws IOException {
    if (flushes) out.hflush();
    else out.flush();
    flushed = System.currentTimeMillis();
  }

  private void close() throws IOException {
    if (out != null) out.close();
    out = null;
  }

  @Override
  public String toString() {
    return "TensorBoard's event file in " + folder;
  }

  /** What is in a message. */
  @FunctionalInterface
  private interface Fields {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(bytes);
    try {
      fields.writeTo(coded);
      coded.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }
}
