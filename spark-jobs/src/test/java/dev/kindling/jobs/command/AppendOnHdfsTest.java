package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.data.shard.PackedDataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where a rename over a file is another operation than on local disks. */
@Tag("slow")
@Timeout(120)
class AppendOnHdfsTest {
  @TempDir
  Path folder;

  @Test
  void theNewVersionTakesTheFormersPlaceInOneStepAndAKillBeforeLeavesTheFormer() throws Exception {
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
        SparkSession spark = SparkSession.builder().master("local[2]").config("spark.ui.enabled", "false")
            .config("spark.hadoop.dfs.replication", "1").getOrCreate()) {
      hdfs.waitActive();
      org.apache.hadoop.fs.Path data = new org.apache.hadoop.fs.Path(hdfs.getURI() + "/data");
      write("a");
      DatasetInfo first = PrepJob.run(spark, options(data)).info();
      write("b");
      assertThatThrownBy(() -> PrepJob.run(spark, options(data), line -> {
        if (line.startsWith("Packing")) throw new LinkageError("as if killed: nothing is cleared up");
      })).isInstanceOf(LinkageError.class);
      assertThat(DatasetInfo.read(conf, data)).isEqualTo(first);
      DatasetInfo second = PrepJob.run(spark, options(data)).info();
      assertThat(DatasetInfo.read(conf, data)).isEqualTo(second);
      assertThat(second.datasetVersion()).isEqualTo(2);
      assertThat(second.training().rows()).isGreaterThan(first.training().rows());
      assertThat(DatasetVersions.read(conf, data, 1, "version")).isEqualTo(first);
      PackedDataset rows = PackedDataset.open(conf, data);
      assertThat(rows.tokens(rows.rows() - 1)).hasSize(17);
      FileSystem files = data.getFileSystem(conf);
      assertThat(Arrays.stream(files.listStatus(data)).map(status -> status.getPath().getName()))
          .noneMatch(name -> name.endsWith(".tmp") || name.startsWith("_"));
    }
  }

  private PrepOptions options(org.apache.hadoop.fs.Path data) {
    return new PrepOptions(CorpusSource.text(folder.resolve("corpus").toString()), data.toString(), Optional.empty(),
        280,
        16, 0, 1);
  }

  private void write(String name) throws Exception {
    Files.createDirectories(folder.resolve("corpus"));
    Files.writeString(folder.resolve("corpus/" + name + ".txt"), IntStream.range(0, 60)
        .mapToObj(i -> "word" + i + " of " + name).collect(Collectors.joining(" ")));
  }
}
