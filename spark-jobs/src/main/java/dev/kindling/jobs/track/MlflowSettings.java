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
  private static final String SERVER = "an address such as http://host:5000, or empty for MLFLOW_TRACKING_URI or none";

  public MlflowSettings { require(uri.isEmpty() || isServer(uri), "tracking.mlflow.uri", uri, SERVER); }

  public static MlflowSettings defaults() {
    return new MlflowSettings("", "", "");
  }

  /** Where to send to, as settings and environment say; nothing where neither names a server. */
  Optional<URI> server(Map<String, String> environment) {
    String address = uri.isEmpty() ? environment.getOrDefault("MLFLOW_TRACKING_URI", "") : uri;
    return isServer(address) ? Optional.of(URI.create(address.replaceAll("/+$", ""))) : Optional.empty();
  }

  String experiment(Map<String, String> environment) {
    return experiment.isEmpty() ? environment.getOrDefault("MLFLOW_EXPERIMENT_NAME", "Default") : experiment;
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
