package dev.kindling.jobs.lineage;

import dev.kindling.checkpoint.Storage;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.DatasetVersions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.apache.parquet.filter2.predicate.FilterApi;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.io.api.Binary;

/**
 * A dataset's table of its documents, of which each version has a part; datasets from before it have none, and tell of a document what
 * its id does.
 */
record DocumentTable(Configuration conf, List<Path> folders) {
  private static final String NAME = "documents";

  static DocumentTable of(Configuration conf, DatasetMixture.Member dataset) {
    return new DocumentTable(conf,
        DatasetVersions.homes(dataset.folder(), dataset.info()).stream().map(home -> new Path(home, NAME))
            .filter(folder -> Storage.exists(Storage.of(conf, folder), folder)).toList());
  }

  boolean isThere() {
    return !folders.isEmpty();
  }

  /** As Spark reads it. */
  String[] paths() {
    return folders.stream().map(Path::toString).toArray(String[]::new);
  }

  /** @return where documents come from, by id; those of which nothing is known are left out */
  Map<String, Origin> origins(Collection<String> ids) throws IOException {
    Map<String, Origin> origins = new HashMap<>();
    for (String id : ids) Origin.ofId(id).ifPresent(origin -> origins.put(id, origin));
    if (ids.isEmpty() || !isThere()) return origins;
    Set<Binary> wanted = new HashSet<>();
    for (String id : ids) wanted.add(Binary.fromString(id));
    for (FileStatus file : files()) {
      try (ParquetReader<Group> reader = ParquetReader.builder(new GroupReadSupport(), file.getPath()).withConf(conf)
          .withFilter(FilterCompat.get(FilterApi.in(FilterApi.binaryColumn("id"), wanted))).build()) {
        for (Group row = reader.read(); row != null; row = reader.read()) {
          origins.put(row.getString("id", 0),
              new Origin(row.getString("source", 0), row.getString("file", 0), row.getLong("position", 0)));
        }
      }
    }
    return origins;
  }

  private List<FileStatus> files() throws IOException {
    List<FileStatus> all = new ArrayList<>();
    for (Path folder : folders) {
      FileSystem files = Storage.of(conf, folder);
      all.addAll(Arrays.asList(files.listStatus(folder, path -> path.getName().endsWith(".parquet"))));
    }
    return all;
  }
}
