package dev.kindling.data.job;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.data.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** A dataset that documents are added to, in its newest version. */
record Former(SparkSession session, Path folder, DatasetInfo info) {
  /** The version that is made. */
  int next() {
    return info.datasetVersion() + 1;
  }

  /** @throws UserError where a version lacks a table without which new documents would be compared with some of the old ones only */
  void refuseWithout(String name) {
    Configuration conf = session.sparkContext().hadoopConfiguration();
    for (Path home : DatasetVersions.homes(folder, info)) {
      Path table = new Path(home, name);
      if (!Storage.exists(Storage.of(conf, table), table))
        throw new UserError(table + " is missing, which new documents are compared with; put it back, or make a new"
            + " dataset of all files in another folder");
    }
  }

  /** @throws UserError where {@code dataset.json} is no longer the one that was read */
  void refuseAddedTo() {
    DatasetVersions.refuseChanged(session.sparkContext().hadoopConfiguration(), folder, info);
  }

  /** @return a table of all versions; empty where none of them has a row of it */
  Optional<Dataset<Row>> table(String name) {
    Configuration conf = session.sparkContext().hadoopConfiguration();
    List<String> there = DatasetVersions.homes(folder, info).stream().map(home -> new Path(home, name))
        .filter(path -> Storage.exists(Storage.of(conf, path), path)).map(Path::toString).toList();
    return there.isEmpty() ? Optional.empty() : Optional.of(session.read().parquet(there.toArray(String[]::new)));
  }

  /** The ids of its documents, and of those that were compared with them: more than once where several tables have one. */
  Dataset<Row> ids() {
    Dataset<Row> all = session.createDataFrame(List.of(), PrepTables.DOCUMENT).select(Columns.ID);
    for (String name : PrepTables.named()) {
      Optional<Dataset<Row>> table = table(name);
      if (table.isPresent()) all = all.union(table.get().select(Columns.ID));
    }
    return all;
  }

  /** @param id of {@link #ids}; @return file and place of the document */
  String place(String id) {
    for (String name : PrepTables.named()) {
      Optional<Row> found = table(name).flatMap(rows -> rows.where(functions.col(Columns.ID).equalTo(id)).limit(1)
          .select(Columns.FILE, Columns.POSITION).collectAsList().stream().findFirst());
      if (found.isPresent()) return found.get().getString(0) + "@" + found.get().getLong(1);
    }
    throw new IllegalStateException("the id " + id + " is of one of the tables");
  }

  /** @throws UserError where the settings are others than those that it was made with, or the tokenizer is another */
  void refuseOtherSettings(Map<String, String> settings, Tokenizer given) {
    TreeSet<String> names = new TreeSet<>(info.configuration().keySet());
    names.addAll(settings.keySet());
    for (String name : names) {
      String was = info.configuration().get(name);
      String is = settings.get(name);
      if (!Objects.equals(was, is))
        throw other(name + " is " + said(is) + ", it was " + said(was));
    }
    if (given != null && !given.fingerprint().equals(info.tokenizer()))
      throw other(
          "the tokenizer is another one, its SHA-256 is " + given.fingerprint() + ", it was " + info.tokenizer());
  }

  private static String said(String value) {
    return value == null ? "not set" : value;
  }

  /** @param why what is different */
  UserError other(String why) {
    return new UserError("output " + folder + " holds a dataset made from other inputs or settings: " + why
        + "; give another folder or delete it");
  }
}
