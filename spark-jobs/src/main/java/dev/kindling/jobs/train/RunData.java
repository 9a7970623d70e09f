package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.data.pack.Mixture;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.DatasetVersions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The datasets of a run in the versions that it reads, and how they are told in its checkpoints. */
final class RunData {
  private static final String DATASET = "dataset";

  private RunData() {
  }

  /** A run that was begun goes on with the versions that it began with, whatever has been added to its datasets since. */
  static DatasetMixture of(PretrainConfig config, Configuration hadoop) {
    DataSettings data = config.data();
    List<DatasetMixture.Member> members = new ArrayList<>();
    members.add(member(config, hadoop, 0, config.dataset(), data.version()));
    for (DataSettings.Other other : data.others())
      members.add(member(config, hadoop, members.size(), other.dataset(), other.version()));
    if (members.size() == 1) return DatasetMixture.alone(members.get(0).folder(), members.get(0).info());
    List<Double> weights = new ArrayList<>();
    weights.add(data.weight());
    for (DataSettings.Other other : data.others()) weights.add(other.weight());
    for (int i = 0; i < weights.size(); i++)
      if (weights.get(i) == 0) weights.set(i, (double) members.get(i).info().training().tokens());
    return new DatasetMixture(members, Mixture.units(weights, data.temperature()));
  }

  private static DatasetMixture.Member member(PretrainConfig config, Configuration hadoop, int place, String dataset,
      int version) {
    Path folder = new Path(dataset);
    if (version > 0) {
      String setting = place == 0 ? "data.version" : "data.others[" + (place - 1) + "].version";
      return new DatasetMixture.Member(folder, DatasetVersions.read(hadoop, folder, version, setting));
    }
    DatasetInfo newest = DatasetInfo.read(hadoop, folder);
    if (newest.datasetVersion() == 1) return new DatasetMixture.Member(folder, newest);
    String key = config.data().others().isEmpty() ? DATASET : key(place);
    try {
      return new DatasetMixture.Member(folder, new RunFolder(hadoop, new Path(config.run())).started()
          .map(begun -> begun.identity().get(key))
          .flatMap(fingerprint -> DatasetVersions.withFingerprint(hadoop, folder, fingerprint)).orElse(newest));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String key(int place) {
    return DATASET + "." + (place + 1);
  }

  /** What may not change when a run goes on. @param whole what the datasets say together */
  static Map<String, String> identity(DatasetMixture datasets, DatasetInfo whole) {
    Map<String, String> all = new TreeMap<>();
    all.put(DATASET, whole.fingerprint());
    if (!datasets.isMixed()) return all;
    for (int i = 0; i < datasets.members().size(); i++)
      all.put(key(i), datasets.members().get(i).info().fingerprint());
    all.put("data.shares", datasets.units().stream().map(String::valueOf).collect(Collectors.joining(", ")));
    return all;
  }

  /** What a checkpoint tells of them. */
  static ObjectNode details(DatasetMixture datasets, DatasetInfo whole) {
    ObjectNode told = details(datasets.members().get(0)).put("fingerprint", whole.fingerprint());
    if (!datasets.isMixed()) return told;
    ArrayNode all = told.putArray("mixture");
    for (int i = 0; i < datasets.members().size(); i++)
      all.add(details(datasets.members().get(i)).put("units", datasets.units().get(i)));
    return told;
  }

  private static ObjectNode details(DatasetMixture.Member member) {
    DatasetInfo info = member.info();
    ObjectNode told = Json.object().put("path", member.folder().toString()).put("version", info.datasetVersion())
        .put("fingerprint", info.fingerprint()).put("tokenizer", info.tokenizer());
    if (info.decontamination() != null) told.put("decontamination", info.decontamination().table());
    return told;
  }

  /** Which of the datasets is not read in its newest version, a line each. */
  static List<String> olderVersions(DatasetMixture datasets, Configuration hadoop) {
    List<String> lines = new ArrayList<>();
    for (DatasetMixture.Member member : datasets.members()) {
      int newest = DatasetInfo.read(hadoop, member.folder()).datasetVersion();
      if (newest != member.info().datasetVersion())
        lines.add("reads version " + member.info().datasetVersion() + " of the dataset in " + member.folder()
            + "; the newest is " + newest + ", which a new run reads");
    }
    return lines;
  }

  /** How often a run of several datasets reads each; empty for one. @param epochs of each */
  static Optional<String> read(DatasetMixture datasets, List<Double> epochs) {
    if (!datasets.isMixed()) return Optional.empty();
    List<String> each = new ArrayList<>();
    for (int i = 0; i < epochs.size(); i++)
      each.add(String.format(Locale.ROOT, "%s %.2f times (%.2f%% of the samples)", datasets.members().get(i).folder(),
          epochs.get(i), 100.0 * datasets.units().get(i) / Mixture.ALL));
    return Optional.of("read of the datasets: " + String.join(", ", each));
  }
}
