package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.security.AccessControlException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StorageOutageTest {
  static Stream<Throwable> outages() {
    return Stream.of(new ConnectException("Connection refused"),
        new UncheckedIOException(new IOException("read failed", new ConnectException("Connection refused"))),
        new RemoteException("org.apache.hadoop.ipc.StandbyException", "not the active one"),
        new RemoteException("org.apache.hadoop.hdfs.server.namenode.SafeModeException", "in safe mode"));
  }

  /** As Hadoop's clients make them: what the service answered is the cause. */
  static Stream<Throwable> answers() {
    RemoteException forbidden = new RemoteException(AccessControlException.class.getName(), "Permission denied");
    RemoteException missing = new RemoteException(FileNotFoundException.class.getName(), "File does not exist");
    return Stream.of(forbidden, missing, forbidden.unwrapRemoteException(), missing.unwrapRemoteException(),
        new UncheckedIOException(missing), new FileNotFoundException("a file"), new EOFException("too early"));
  }

  @ParameterizedTest
  @MethodSource("outages")
  void aServiceThatIsAwayIsAnOutage(Throwable e) {
    assertThat(Storage.isOutage(e)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("answers")
  void whatTheServiceAnswersOfAFileIsNone(Throwable e) {
    assertThat(Storage.isOutage(e)).isFalse();
  }

  @Test
  void anAddressWhoseLibraryIsMissingIsToldInOneLine() {
    assertThatThrownBy(() -> Storage.of(new Configuration(), new Path("s3a://lake/data"))).isInstanceOf(UserError.class)
        .hasMessageContainingAll("s3a://lake/data: ", "(Class org.apache.hadoop.fs.s3a.S3AFileSystem not found)",
            "--packages");
    assertThatThrownBy(() -> Storage.of(new Configuration(), new Path("s4://lake/data"))).isInstanceOf(UserError.class)
        .hasMessageContaining("s4://lake/data: nothing here reads addresses of this kind");
  }
}
