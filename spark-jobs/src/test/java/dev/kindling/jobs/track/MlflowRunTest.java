package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.Service;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;

@Timeout(60)
class MlflowRunTest {
  @TempDir
  Path folder;
  private RecordingServer server;
  private final List<String> lines = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    server = new RecordingServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private MlflowRun run(URI uri) {
    return new MlflowRun(new MlflowSettings("", "books", "first"), uri, Map.of(), new Configuration(),
        new org.apache.hadoop.fs.Path(folder.toString(), "run"), Map.of("train.steps", "2", "dataset", "data/books"),
        lines::add);
  }

  private static void twoSteps(MlflowRun run) {
    run.started(1, 2, 1);
    run.stepped(Rows.of(1));
    run.stepped(Rows.of(2));
    run.evaluated(2, 1.5);
    run.ended(Tracker.Status.FINISHED);
  }

  @Test
  void whatIsSentIsWhatMlflowsOwnClientSends() throws IOException {
    MlflowServer ours = new MlflowServer(server.uri(), Map.of("MLFLOW_TRACKING_TOKEN", "secret"));
    assertThat(ours.experiment("my books")).isEqualTo("7");
    assertThat(ours.createRun("7", "first", 123, Map.of("mlflow.user", "me"))).isEqualTo("abc");
    ours.log("abc", List.of(new MlflowServer.Metric("train/loss", 2.5, 1001, 1)), Map.of("train.steps", "2"));
    ours.lastSteps("abc");
    ours.ended("abc", "FINISHED", 456);
    List<RecordingServer.Request> sent = List.copyOf(server.requests());
    server.requests().clear();

    try (MlflowClient theirs = new MlflowClient(new BasicMlflowHostCreds(server.uri().toString(), "secret"))) {
      assertThat(theirs.getExperimentByName("my books").orElseThrow().getExperimentId()).isEqualTo("7");
      theirs.createRun(Service.CreateRun.newBuilder().setExperimentId("7").setRunName("first").setStartTime(123)
          .addTags(Service.RunTag.newBuilder().setKey("mlflow.user").setValue("me")).build());
      theirs.logBatch("abc",
          List.of(Service.Metric.newBuilder().setKey("train/loss").setValue(2.5).setTimestamp(1001).setStep(1).build()),
          List.of(Service.Param.newBuilder().setKey("train.steps").setValue("2").build()), List.of());
      theirs.getRun("abc");
      theirs.setTerminated("abc", Service.RunStatus.FINISHED, 456);
    }
    assertThat(sent).isEqualTo(server.requests());
  }

  @Test
  void anExperimentThatIsNotThereIsMadeAsTheirClientMakesIt() throws IOException {
    server.answering("experiments/get-by-name", "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"none\"}");
    assertThat(new MlflowServer(server.uri(), Map.of()).experiment("new")).isEqualTo("7");
    List<RecordingServer.Request> sent = List.copyOf(server.requests());
    server.requests().clear();
    try (MlflowClient theirs = new MlflowClient(server.uri().toString())) {
      assertThat(theirs.getExperimentByName("new")).isEmpty();
      theirs.createExperiment("new");
    }
    // theirs asks again and again for what is not there
    assertThat(sent).isEqualTo(server.requests().stream().distinct().toList());
  }

  @Test
  void aRunIsThereWithSettingsNumbersAndItsEnd() {
    twoSteps(run(server.uri()));
    JsonNode created = server.requests("runs/create").get(0).body();
    assertThat(created.path("run_name").asText()).isEqualTo("first");
    Map<String, String> params = new LinkedHashMap<>();
    Map<String, Double> losses = new LinkedHashMap<>();
    for (RecordingServer.Request batch : server.requests("runs/log-batch")) {
      assertThat(batch.body().path("run_id").asText()).isEqualTo("abc");
      batch.body().path("params").forEach(p -> params.put(p.path("key").asText(), p.path("value").asText()));
      batch.body().path("metrics").forEach(
          m -> losses.put(m.path("key").asText() + " " + m.path("step").asText(), m.path("value").asDouble()));
    }
    assertThat(params).containsOnly(Map.entry("train.steps", "2"), Map.entry("dataset", "data/books"));
    assertThat(losses).containsEntry("train/loss 1", 2.5).containsEntry("train/loss 2", 1.25)
        .containsEntry("validation/loss 2", 1.5).containsEntry("speed/tokens_per_second 2", 1280.0);
    assertThat(server.requests("runs/update")).last()
        .satisfies(r -> assertThat(r.body().path("status").asText()).isEqualTo("FINISHED"));
    assertThat(lines).hasSize(1).first().asString().contains("run abc of experiment books");
  }

  @Test
  void aRunThatGoesOnIsTheSameRunAndNoStepIsSentTwice() {
    twoSteps(run(server.uri()));
    server.requests().clear();
    String metrics = Rows.of(2).scalars().keySet().stream()
        .map(tag -> "{\"key\":\"" + tag + "\",\"step\":\"2\"}").collect(Collectors.joining(","));
    server.answering("runs/get", "{\"run\":{\"data\":{\"metrics\":[" + metrics + "]}}}");
    MlflowRun again = run(server.uri());
    again.started(2, 4, 1);
    again.stepped(Rows.of(2));
    again.stepped(Rows.of(3));
    again.ended(Tracker.Status.KILLED);
    assertThat(server.requests("runs/create")).isEmpty();
    assertThat(server.requests("runs/update").stream().map(r -> r.body().path("status").asText()))
        .containsExactly("RUNNING", "KILLED");
    assertThat(sent()).isNotEmpty().allMatch(m -> m.path("step").asText().equals("3"));
  }

  private List<JsonNode> sent() {
    List<JsonNode> metrics = new ArrayList<>();
    server.requests("runs/log-batch").forEach(r -> r.body().path("metrics").forEach(metrics::add));
    return metrics;
  }

  @Test
  void aStepThatIsDoneAgainAfterALossIsSentOnce() {
    MlflowRun run = run(server.uri());
    run.started(1, 3, 2);
    run.stepped(Rows.of(1));
    run.stepped(Rows.of(2));
    run.evaluated(2, 1.5);
    run.started(2, 3, 1);
    run.stepped(Rows.of(2));
    run.evaluated(2, 1.5);
    run.stepped(Rows.of(3));
    run.ended(Tracker.Status.FINISHED);
    for (String tag : List.of("train/loss", "validation/loss")) {
      assertThat(sent().stream().filter(m -> m.path("key").asText().equals(tag)).map(m -> m.path("step").asText()))
          .doesNotHaveDuplicates().contains("2");
    }
  }

  @Test
  void aRunWhoseFolderTakesNoFileIsOneRunThatGetsItsNumbers() throws IOException {
    Files.writeString(folder.resolve("run"), "no folder");
    twoSteps(run(server.uri()));
    assertThat(server.requests("runs/create")).hasSize(1);
    assertThat(sent()).isNotEmpty();
    assertThat(lines).filteredOn(line -> line.startsWith("warning: ")).singleElement().asString()
        .contains("mlflow.json cannot be written");
  }

  @Test
  void settingsThatTheServerDidNotTakeAreSentAgain() throws Exception {
    server.refusing("runs/log-batch", 503);
    MlflowRun run = run(server.uri());
    run.started(1, 2, 1);
    while (server.requests("runs/log-batch").isEmpty()) Thread.sleep(20);
    server.refusing("runs/log-batch", 200);
    server.requests().clear();
    run.ended(Tracker.Status.FINISHED);
    assertThat(server.requests("runs/log-batch")).anyMatch(r -> r.body().path("params").size() == 2);
  }

  @Test
  void aServerThatIsDeadOrRefusesIsOneWarning() throws IOException {
    URI nobody;
    try (ServerSocket closed = new ServerSocket(0)) {
      nobody = URI.create("http://127.0.0.1:" + closed.getLocalPort());
    }
    twoSteps(run(nobody));
    assertThat(lines).last().asString().endsWith("the training goes on: the connection was refused");
    server.refusing(500);
    twoSteps(run(server.uri()));
    assertThat(lines).last().asString().contains("was answered with HTTP 500").doesNotContain("Refused");
    assertThat(lines).hasSize(2).allMatch(line -> line.startsWith("warning: MLflow at http://127.0.0.1:"));
  }

  @Test
  void settingsGoBeforeTheEnvironmentAndOtherStoresAreNone() {
    Map<String, String> there = Map.of("MLFLOW_TRACKING_URI", "http://there:5000/", "MLFLOW_EXPERIMENT_NAME", "e");
    assertThat(MlflowSettings.defaults().server(there)).contains(URI.create("http://there:5000"));
    assertThat(new MlflowSettings("https://mine", "", "").server(there)).contains(URI.create("https://mine"));
    assertThat(MlflowSettings.defaults().experiment(there)).isEqualTo("e");
    assertThat(MlflowSettings.defaults().server(Map.of("MLFLOW_TRACKING_URI", "sqlite:///mlruns.db"))).isEmpty();
    assertThat(MlflowSettings.defaults().server(Map.of())).isEmpty();
    assertThat(MlflowSettings.defaults().warning(Map.of("MLFLOW_TRACKING_URI", "databricks"))).get().asString()
        .contains("MLFLOW_TRACKING_URI names a store of kind databricks; only servers");
    assertThat(MlflowSettings.defaults().warning(Map.of())).isEmpty();
    assertThat(MlflowSettings.defaults().warning(there)).isEmpty();
  }

  @Test
  void aPasswordInAnAddressIsRefusedAndNotTold() {
    String secret = "http://ann:s3cret@there:5000";
    assertThatThrownBy(() -> new MlflowSettings(secret, "", "")).isInstanceOf(UserError.class)
        .hasMessageContaining("MLFLOW_TRACKING_USERNAME").hasMessageNotContaining("s3cret");
    Map<String, String> there = Map.of("MLFLOW_TRACKING_URI", secret);
    assertThat(MlflowSettings.defaults().server(there)).isEmpty();
    assertThat(MlflowSettings.defaults().warning(there)).get().asString().contains("MLFLOW_TRACKING_USERNAME")
        .doesNotContain("s3cret");
    assertThat(MlflowSettings.defaults().warning(Map.of("MLFLOW_TRACKING_URI", "postgresql://ann:s3cret@db/m"))).get()
        .asString().doesNotContain("s3cret");
  }
}
