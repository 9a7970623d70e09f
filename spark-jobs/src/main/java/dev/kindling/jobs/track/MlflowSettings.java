package dev.kindling.jobs.track;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;
import java.net.URI;
import java.util.Map;
import java.util.Optional;

/**
 * A tracking server of MLflow's.
 *
 * @param uri of the server; empty: MLFLOW_TRACKING_URI of the driver's environment, and where there is none, no server
 * @param experiment empty: MLFLOW_EXPERIMENT_NAME, else {@code Default}
 * @param runName empty: the name of the run's folder
 */
public record MlflowSettings(String uri, String experiment, String runName) implements Serializable {
  private static final String NO_USER = "one without: give them as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the "
      + "driver's environment";
  private static final String SERVER = "an address such as http://host:5000, or empty for MLFLOW_TRACKING_URI or none";

  public MlflowSettings {
    require(!namesUser(uri), "tracking.mlflow.uri", "an address with a user's name or password", NO_USER);
    require(uri.isEmpty() || isServer(uri), "tracking.mlflow.uri", uri, SERVER);
  }

  public static MlflowSettings defaults() {
    return new MlflowSettings("", "", "");
  }

  /** Where to send to, as settings and environment say; nothing where neither names a server. */
  Optional<URI> server(Map<String, String> environment) {
    String address = uri.isEmpty() ? environment.getOrDefault("MLFLOW_TRACKING_URI", "") : uri;
    return isServer(address) && !namesUser(address)
        ? Optional.of(URI.create(address.replaceAll("/+$", "")))
        : Optional.empty();
  }

  /** For the user, where the environment names what is no server of MLflow's REST API. Addresses may hold passwords. */
  Optional<String> warning(Map<String, String> environment) {
    String address = environment.getOrDefault("MLFLOW_TRACKING_URI", "");
    if (!uri.isEmpty() || address.isEmpty() || server(environment).isPresent()) return Optional.empty();
    String what = namesUser(address) && address.startsWith("http")
        ? "is an address with a user's name or password; it must be " + NO_USER
        : "names a store of kind " + address.replaceAll("[:/].*", "")
            + "; only servers, such as http://host:5000, are sent to";
    return Optional.of("warning: MLflow is not told of the run: MLFLOW_TRACKING_URI " + what);
  }

  String experiment(Map<String, String> environment) {
    return experiment.isEmpty() ? environment.getOrDefault("MLFLOW_EXPERIMENT_NAME", "Default") : experiment;
  }

  private static boolean namesUser(String address) {
    return address.matches("[^/]*//[^/]*@.*");
  }

  private static boolean isServer(String address) {
    try {
      URI uri = URI.create(address);
      return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) && uri.getHost() != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
