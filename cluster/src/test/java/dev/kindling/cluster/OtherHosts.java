package dev.kindling.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Hosts that are this one under other names, with which it shares its file system. The host {@code away} does not answer. */
final class OtherHosts {
  private OtherHosts() {
  }

  /** Makes {@code folder/ssh}. */
  static void ssh(Path folder) throws IOException {
    Path names = Files.createDirectories(folder.resolve("names"));
    executable(names.resolve("uname"), "echo \"$KINDLING_TEST_HOST\"");
    executable(folder.resolve("ssh"), """
        [ "$1" != away ] || exit 255
        export KINDLING_TEST_HOST="$1" PATH="%s:$PATH"
        shift
        eval "$*"
        """.formatted(names));
  }

  private static void executable(Path file, String text) throws IOException {
    Files.writeString(file, "#!/usr/bin/env bash\n" + text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
