package dev.kindling.jobs.track;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The part of MLflow's REST API 2.0 that a run needs (mlflow.org, "REST API"). Its own Java client is a jar of ten megabytes, most of it
 * an older protobuf and HTTP client; what it sends is what is sent here, which a test holds. 64-bit numbers are JSON strings, as in
 * protobuf's mapping, and a run's id is told under its older name too.
 */
final class MlflowServer {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private final URI server;
  private final Optional<String> authorization;
  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
      .connectTimeout(Duration.ofSeconds(3)).build();

  /** @param environment for MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD */
  MlflowServer(URI server, Map<String, String> environment) {
    this.server = server;
    String token = environment.get("MLFLOW_TRACKING_TOKEN");
    String user = environment.get("MLFLOW_TRACKING_USERNAME");
    String password = environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", "");
    if (token != null) {
      authorization = Optional.of("Bearer " + token);
    } else if (user != null) {
      byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
      authorization = Optional.of("Basic " + Base64.getEncoder().encodeToString(both));
    } else {
      authorization = Optional.empty();
    }
  }

  /** A number at a step. @param millis since 1970 */
  record Metric(String key, double value, long millis, long step) {}

  /** The server said no. @param status of HTTP */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Refused(int status, String what) {
      super(what);
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /** The experiment of that name, made where there is none. */
  String experiment(String name) throws IOException {
    try {
      return get("experiments/get-by-name?experiment_name=" + encoded(name)).path("experiment")
          .required("experiment_id").asText();
    } catch (Refused e) {
      if (e.status() != 404) throw e;
      return post("experiments/create", Json.object().put("name", name)).required("experiment_id").asText();
    }
  }

  /** Begins a run. @return its id */
  String createRun(String experiment, String name, long millis, Map<String, String> tags) throws IOException {
    ObjectNode body = Json.object().put("experiment_id", experiment).put("run_name", name)
        .put("start_time", Long.toString(millis));
    body.set("tags", pairs(tags));
    return post("runs/create", body).path("run").path("info").required("run_id").asText();
  }

  /** The last step of each metric that a run has. */
  Map<String, Long> lastSteps(String run) throws IOException {
    Map<String, Long> last = new HashMap<>();
    for (JsonNode metric : get("runs/get?run_uuid=" + encoded(run) + "&run_id=" + encoded(run)).path("run").path("data")
        .path("metrics")) {
      last.put(metric.path("key").asText(), metric.path("step").asLong());
    }
    return last;
  }

  /** At most 1,000 metrics and 100 params are taken at once. */
  void log(String run, List<Metric> metrics, Map<String, String> params) throws IOException {
    ObjectNode body = Json.object().put("run_id", run);
    if (!metrics.isEmpty()) {
      ArrayNode all = body.putArray("metrics");
      for (Metric m : metrics) {
        all.addObject().put("key", m.key()).put("value", m.value()).put("timestamp", Long.toString(m.millis()))
            .put("step", Long.toString(m.step()));
      }
    }
    if (!params.isEmpty()) body.set("params", pairs(params));
    post("runs/log-batch", body);
  }

  /** A run that had ended goes on. */
  void running(String run) throws IOException {
    post("runs/update", Json.object().put("run_uuid", run).put("status", "RUNNING").put("run_id", run));
  }

  /** @param status FINISHED, FAILED or KILLED */
  void ended(String run, String status, long millis) throws IOException {
    post("runs/update", Json.object().put("run_uuid", run).put("status", status)
        .put("end_time", Long.toString(millis)).put("run_id", run));
  }

  private static ArrayNode pairs(Map<String, String> all) {
    ArrayNode pairs = Json.array();
    all.forEach((key, value) -> pairs.addObject().put("key", key).put("value", value));
    return pairs;
  }

  private JsonNode get(String what) throws IOException {
    return send(request(what).GET().build());
  }

  private JsonNode post(String what, ObjectNode body) throws IOException {
    return send(request(what).header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body.toString())).build());
  }

  private HttpRequest.Builder request(String what) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + "/api/2.0/mlflow/" + what))
        .timeout(PATIENCE);
    authorization.ifPresent(value -> request.header("Authorization", value));
    return request;
  }

  private JsonNode send(HttpRequest request) throws IOException {
    try {
      HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
      if (answer.statusCode() / 100 != 2) {
        String text = new String(answer.body(), StandardCharsets.UTF_8);
        throw new Refused(answer.statusCode(), request.uri().getPath() + " was answered with HTTP "
            + answer.statusCode() + ": " + text.substring(0, Math.min(200, text.length())));
      }
      return answer.body().length == 0 ? Json.object() : Json.parse(answer.body(), request.uri().toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** For the user: the JDK's client says of a connection that it cannot make the kind of the exception only. */
  static String reason(Exception failed) {
    if (failed instanceof Refused) return failed.getMessage();
    if (!(failed instanceof ConnectException)) return failed.toString();
    for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnresolvedAddressException) return "the name of its host is not known";
      if (cause.getMessage() != null && cause instanceof ConnectException) return cause.getMessage();
    }
    return "the connection was refused";
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
