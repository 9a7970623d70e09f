package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * What a run reads: a version of the dataset, and other datasets that are mixed with it, in proportion to weight^(1 / temperature).
 *
 * @param version of the dataset; 0: the one that the run began with, and the newest for a new run
 * @param weight of the dataset; 0: its tokens
 * @param others datasets with the same tokenizer and length of rows
 * @param temperature 1 takes the weights as they are, higher ones make the shares more alike
 */
public record DataSettings(int version, double weight, List<Other> others, double temperature) implements Serializable {
  /** Another dataset. @param weight and {@code version} as above */
  public record Other(String dataset, double weight, int version) implements Serializable {
    public Other {
      if (dataset != null) require(!dataset.isBlank(), "dataset", "empty", "a folder that prep wrote");
      refuseWrong(weight, version);
    }

    static Other defaults() {
      return new Other(null, 0, 0);
    }

    static Other ofText(String dataset) {
      return new Other(dataset, 0, 0);
    }
  }

  public DataSettings {
    others = List.copyOf(others);
    refuseWrong(weight, version);
    require(temperature > 0 && Double.isFinite(temperature), "temperature", temperature, "above 0");
    for (Other other : others) {
      if (other.weight() > 0 != weight > 0)
        throw new UserError(
            "weight is given for some of the datasets; give one to all of them (the first one's is data.weight),"
                + " or to none: then they count by their tokens");
    }
  }

  private static void refuseWrong(double weight, int version) {
    require(version >= 0, "version", version, "a version of the dataset, or 0");
    require(weight >= 0 && Double.isFinite(weight), "weight", weight, "above 0, or 0: the tokens count");
  }

  public static DataSettings defaults() {
    return new DataSettings(0, 0, List.of(), 1);
  }

  /** The same with paths that mean on an executor what they mean here. */
  DataSettings absolute(Configuration hadoop) {
    return new DataSettings(version, weight, others.stream()
        .map(other -> new Other(Storage.absolute(hadoop, other.dataset()), other.weight(), other.version())).toList(),
        temperature);
  }

  /** The same with a version said for each, the dataset's first. */
  DataSettings of(List<Integer> versions) {
    List<Other> said = new ArrayList<>();
    for (int i = 0; i < others.size(); i++)
      said.add(new Other(others.get(i).dataset(), others.get(i).weight(), versions.get(i + 1)));
    return new DataSettings(versions.get(0), weight, said, temperature);
  }
}
