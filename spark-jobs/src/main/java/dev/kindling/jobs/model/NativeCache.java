package dev.kindling.jobs.model;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where JavaCPP unpacks native libraries: one folder for all processes of a user on a host, so that only the first one ever
 * unpacks (hundreds of MB), and each loads them under one file lock, so that none sees a file that another is still writing
 * (javacpp#608). Who sets {@code org.bytedeco.javacpp.cachedir} is obeyed.
 */
public final class NativeCache {
  private static final Logger LOG = LoggerFactory.getLogger(NativeCache.class);
  private static final String PROPERTY = "org.bytedeco.javacpp.cachedir";

  private NativeCache() {
  }

  /** Runs what loads natives while no other process of this host does. */
  public static synchronized <T> T loading(Supplier<T> load) {
    for (Path folder : candidates()) {
      try (FileChannel file = FileChannel.open(Files.createDirectories(folder).resolve("kindling.lock"),
          StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = file.lock()) {
        if (!lock.isValid()) continue;
        System.setProperty(PROPERTY, folder.toString());
        return load.get();
      } catch (IOException | UncheckedIOException e) {       // read only, or a network file system without locks
        LOG.info("Natives cannot be kept in {}: {}", folder, e.toString());
      }
    }
    return load.get();
  }

  private static List<Path> candidates() {
    String set = System.getProperty(PROPERTY);
    if (set != null) return List.of(Path.of(set));
    String user = System.getProperty("user.name", "user").replace(File.separatorChar, '_');
    return List.of(Path.of(System.getProperty("user.home", "."), ".javacpp", "cache"),
        Path.of(System.getProperty("java.io.tmpdir"), "kindling-natives-" + user));
  }
}
