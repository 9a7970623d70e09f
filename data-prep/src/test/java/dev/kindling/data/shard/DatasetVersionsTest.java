package dev.kindling.data.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How dataset.json is replaced on file systems of several kinds, which here are local folders under their names. */
class DatasetVersionsTest {
  private static final List<String> CREATED = new ArrayList<>();

  @TempDir
  Path folder;

  @BeforeEach
  void forget() {
    CREATED.clear();
  }

  @ParameterizedTest
  @CsvSource({"s3a,true", "gs,true", "odd,false", "webhdfs,false"})
  void onlyStoresThatShowAFileWhenItIsWholeAreWrittenInPlace(String scheme, boolean inPlace) throws IOException {
    Configuration conf = new Configuration();
    conf.setClass("fs." + scheme + ".impl", Named.class, RawLocalFileSystem.class);
    conf.setBoolean("fs." + scheme + ".impl.disable.cache", true);
    conf.unset("fs.AbstractFileSystem." + scheme + ".impl");
    conf.set("named.scheme", scheme);
    DatasetInfo first = info("first", null);
    DatasetInfo second = info("second", new DatasetInfo.Append(2, "first", 1, 1));
    Files.writeString(folder.resolve(DatasetInfo.FILE), first.toJson());
    var data = new org.apache.hadoop.fs.Path(scheme + "://" + folder);
    DatasetVersions.publish(conf, data, first, second);
    assertThat(DatasetInfo.read(conf, data)).isEqualTo(second);
    assertThat(DatasetVersions.read(conf, data, 1, "version")).isEqualTo(first);
    assertThat(CREATED.contains(DatasetInfo.FILE)).isEqualTo(inPlace);
    assertThat(CREATED.stream().filter(name -> name.startsWith(".dataset.json."))).hasSize(inPlace ? 0 : 1);
    try (var files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.endsWith(".tmp"));
    }
  }

  @Test
  void aVersionIsNotPutOverOneThatCameMeanwhile() throws IOException {
    Configuration conf = new Configuration();
    DatasetInfo meanwhile = info("meanwhile", new DatasetInfo.Append(2, "first", 1, 1));
    Files.writeString(folder.resolve(DatasetInfo.FILE), meanwhile.toJson());
    var data = new org.apache.hadoop.fs.Path(folder.toUri());
    assertThatThrownBy(() -> DatasetVersions.publish(conf, data, info("first", null),
        info("second", new DatasetInfo.Append(2, "first", 1, 1)))).isInstanceOf(UserError.class)
        .hasMessageContaining("another prep has changed the dataset in " + data + " meanwhile");
    assertThat(DatasetInfo.read(conf, data)).isEqualTo(meanwhile);
    assertThat(folder.resolve("versions")).doesNotExist();
  }

  private static DatasetInfo info(String fingerprint, DatasetInfo.Append append) {
    DatasetInfo.Part none = new DatasetInfo.Part(0, 0, 0, 0, 1, 1, List.of());
    return new DatasetInfo(DatasetInfo.FORMAT, append == null ? DatasetInfo.VERSION : DatasetInfo.APPENDED, fingerprint,
        4, 10, 0, "t", new DatasetInfo.Inputs(1, 1, "i"), Map.of(), none, none, null, null, append, null, null);
  }

  /** Local files under another scheme. */
  static final class Named extends RawLocalFileSystem {
    private String scheme = "file";

    @Override
    public void initialize(URI uri, Configuration conf) throws IOException {
      scheme = conf.get("named.scheme");
      super.initialize(uri, conf);
    }

    @Override
    public URI getUri() {
      return URI.create(scheme + ":///");
    }

    @Override
    public FSDataOutputStream create(org.apache.hadoop.fs.Path file, boolean overwrite, int buffer, short replication,
        long block, Progressable progress) throws IOException {
      CREATED.add(file.getName());
      return super.create(file, overwrite, buffer, replication, block, progress);
    }
  }
}
