package dev.kindling.train.loop;

import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.Optimizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * Writes and commits a run's checkpoints while its steps go on: a step waits only for a {@link Snapshot}. One is under way at
 * most. The thread that writes is the task's user for the file systems.
 *
 * <pre>
 *   all ranks   snapshot │ write ────► word ─┐ (with the next step)
 *   rank 0                                   └─► all words are here: commit ────► whole
 * </pre>
 */
public final class BackgroundCheckpoints implements Checkpoints, AutoCloseable {
  private static final long CLOSING_SECONDS = 10;
  private final FolderCheckpoints folder;
  private final Snapshot snapshot = new Snapshot();
  private final UserGroupInformation user;
  private final ExecutorService writing = Executors.newSingleThreadExecutor(work -> {
    Thread thread = new Thread(work, "kindling-checkpoint");
    thread.setDaemon(true);
    return thread;
  });

  public BackgroundCheckpoints(FolderCheckpoints folder) {
    this.folder = folder;
    try {
      this.user = UserGroupInformation.getCurrentUser();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<String> candidates() {
    return folder.candidates();
  }

  @Override
  public boolean isWhole(String name, int share, int shares) {
    return folder.isWhole(name, share, shares);
  }

  @Override
  public Saved open(String name) {
    return folder.open(name);
  }

  @Override
  public long leastPart() {
    return folder.leastPart();
  }

  @Override
  public String save(TrainerState state, TrainableModel<?> model, List<Optimizer.State> states, StoredParts parts,
      Communicator communicator) {
    return folder.save(state, model, states, parts, communicator);
  }

  @Override
  public Saving begin(TrainerState state, TrainableModel<?> model, List<Optimizer.State> states, StoredParts parts,
      Communicator communicator) {
    int rank = communicator.rank();
    int worldSize = communicator.worldSize();
    Snapshot.Copied copied = snapshot.of(model, states, parts, rank);
    try {
      CheckpointWriter writer = folder.writer(state);
      Future<byte[]> written = submit(
          () -> folder.write(writer, state, copied.states(), copied.weights(), parts, rank));
      return new UnderWay(state, writer, written, rank, worldSize);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private <T> Future<T> submit(Callable<T> work) {
    return writing.submit(() -> user.doAs((PrivilegedExceptionAction<T>) work::call));
  }

  /** A write that hangs keeps its memory. */
  @Override
  public void close() {
    writing.shutdownNow();
    try {
      if (writing.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS)) snapshot.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One checkpoint. Whether all words are heard is the same on all ranks after every step. */
  private final class UnderWay implements Saving {
    private final TrainerState state;
    private final CheckpointWriter writer;
    private final Future<byte[]> written;
    private final boolean first;
    private final byte[][] heard;                // by rank; null: nothing yet
    private boolean told;
    private Optional<Future<?>> commit = Optional.empty();

    UnderWay(TrainerState state, CheckpointWriter writer, Future<byte[]> written, int rank, int worldSize) {
      this.state = state;
      this.writer = writer;
      this.written = written;
      this.first = rank == 0;
      this.heard = new byte[worldSize][];
    }

    @Override
    public byte[] word() {
      if (told || !written.isDone()) return new byte[0];
      told = true;
      return ended(written);
    }

    @Override
    public void hear(List<byte[]> words) {
      if (allHeard()) return;
      for (int rank = 0; rank < heard.length; rank++) if (words.get(rank).length > 0) heard[rank] = words.get(rank);
      commitIfAllHeard();
    }

    private boolean allHeard() {
      return Arrays.stream(heard).noneMatch(word -> word == null);
    }

    private void commitIfAllHeard() {
      if (!first || !allHeard()) return;
      List<byte[]> words = new ArrayList<>(List.of(heard));
      commit = Optional.of(submit(() -> {
        folder.commit(writer, state, words);
        return null;
      }));
    }

    @Override
    public Optional<String> whole() {
      if (!allHeard()) return Optional.empty();
      if (commit.isPresent()) {
        if (!commit.get().isDone()) return Optional.empty();
        ended(commit.get());
      }
      return Optional.of(writer.folder().toString());
    }

    @Override
    public String settle(Communicator communicator) {
      if (!allHeard()) hear(communicator.allGather(ended(written)));
      if (commit.isPresent()) ended(commit.get());
      return writer.folder().toString();
    }
  }

  private static <T> T ended(Future<T> work) {
    try {
      return work.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) throw cause;
      if (e.getCause() instanceof Error cause) throw cause;
      if (e.getCause() instanceof IOException cause) throw new UncheckedIOException(cause);
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a checkpoint is written", e);
    }
  }
}
