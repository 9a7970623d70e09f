package dev.kindling.jobs.track;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP server that keeps what it is asked and answers as MLflow would. */
final class RecordingServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final HttpServer server;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Map<String, String> answers = new ConcurrentHashMap<>();
  private final Map<String, Integer> refusals = new ConcurrentHashMap<>();
  private volatile int status = 200;

  /** What was asked. @param authorization the header, or null */
  record Request(String method, String target, String authorization, JsonNode body) {}

  RecordingServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    answers.put("experiments/get-by-name", "{\"experiment\":{\"experiment_id\":\"7\",\"name\":\"books\"}}");
    answers.put("experiments/create", "{\"experiment_id\":\"7\"}");
    answers.put("runs/create", "{\"run\":{\"info\":{\"run_id\":\"abc\",\"run_uuid\":\"abc\"}}}");
    answers.put("runs/get", "{\"run\":{\"info\":{\"run_id\":\"abc\"},\"data\":{}}}");
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** What it says to such a request from now on. */
  void answering(String what, String json) {
    answers.put(what, json);
  }

  /** What it says to such a request from now on. */
  void refusing(String what, int with) {
    refusals.put(what, with);
  }

  /** What it says to all from now on. */
  void refusing(int with) {
    status = with;
  }

  List<Request> requests() {
    return requests;
  }

  /** The requests of one kind. */
  List<Request> requests(String what) {
    return requests.stream().filter(r -> r.target().startsWith("/api/2.0/mlflow/" + what)).toList();
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String target = exchange.getRequestURI().toString();
    requests.add(new Request(exchange.getRequestMethod(), target,
        exchange.getRequestHeaders().getFirst("Authorization"), body.length == 0 ? null : JSON.readTree(body)));
    String what = exchange.getRequestURI().getPath().replace("/api/2.0/mlflow/", "");
    byte[] answer = answers.getOrDefault(what, "{}").getBytes(StandardCharsets.UTF_8);
    int code = answers.getOrDefault(what, "").contains("RESOURCE_DOES_NOT_EXIST")
        ? 404
        : refusals.getOrDefault(what, status);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(code, answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
