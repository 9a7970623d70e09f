package dev.kindling.jobs.model;

import dev.kindling.train.kernel.KernelLibraries;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where JavaCPP unpacks native libraries: one folder for all processes of a user on a host, so that only the first one ever
 * unpacks (hundreds of MB). That one has a file lock to itself meanwhile, so that none sees a file that another is still writing
 * (javacpp#608); once a mark says that these libraries are there, all load at the same time. Who sets
 * {@code org.bytedeco.javacpp.cachedir} is obeyed.
 */
public final class NativeCache {
  private static final Logger LOG = LoggerFactory.getLogger(NativeCache.class);
  private static final String PROPERTY = "org.bytedeco.javacpp.cachedir";
  static final String LOCK = "kindling.lock";
  private static final UUID BUILD = UUID.nameUUIDFromBytes(KernelLibraries.origin().getBytes(StandardCharsets.UTF_8));

  private NativeCache() {
  }

  /** Runs what loads natives while no other process of this host unpacks any. */
  public static synchronized <T> T loading(Supplier<T> load) {
    for (Path folder : candidates()) {
      try {
        return loading(Files.createDirectories(folder), () -> {
          System.setProperty(PROPERTY, folder.toString());
          return load.get();
        }, KernelLibraries::areLoaded);
      } catch (IOException | UncheckedIOException e) {       // read only, or a network file system without locks
        LOG.info("Natives cannot be kept in {}: {}", folder, e.toString());
      }
    }
    return load.get();
  }

  /** @param all whether everything that is ever unpacked there has been, once that has loaded */
  static <T> T loading(Path folder, Supplier<T> load, BooleanSupplier all) throws IOException {
    Path mark = folder.resolve("kindling-" + BUILD + ".unpacked");
    boolean unpacked = Files.exists(mark);
    try (FileChannel file = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ,
        StandardOpenOption.WRITE); FileLock lock = file.lock(0, Long.MAX_VALUE, unpacked)) {
      LOG.debug("natives load under {}", lock);
      T loaded = load.get();
      if (!unpacked && all.getAsBoolean()) mark(mark);
      return loaded;
    }
  }

  /**
   * Begins to load in a thread of its own, for who has something else to do first. What goes wrong shows when they are needed.
   */
  public static void ahead(Supplier<?> load) {
    Thread thread = new Thread(() -> {
      try {
        loading(load);
      } catch (RuntimeException | LinkageError e) {
        LOG.info("Natives did not load ahead of their use: {}", e.toString());
      }
    }, "kindling-natives");
    thread.setDaemon(true);
    thread.start();
  }

  private static void mark(Path mark) {
    try {
      Files.writeString(mark, "");
    } catch (IOException e) {
      LOG.info("{} cannot be written: {}", mark, e.toString());
    }
  }

  private static List<Path> candidates() {
    String set = System.getProperty(PROPERTY);
    if (set != null) return List.of(Path.of(set));
    String user = System.getProperty("user.name", "user").replace(File.separatorChar, '_');
    return List.of(Path.of(System.getProperty("user.home", "."), ".javacpp", "cache"),
        Path.of(System.getProperty("java.io.tmpdir"), "kindling-natives-" + user));
  }
}
