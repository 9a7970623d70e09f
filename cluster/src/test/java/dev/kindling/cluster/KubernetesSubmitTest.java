package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real submission, by ./kindling and Spark's own client, to a server that keeps what it is told to make. */
class KubernetesSubmitTest {
  private final KubernetesMockServer server = new KubernetesMockServer(new Context(), new MockWebServer(),
      new HashMap<>(), new ApplyingDispatcher(), false);

  @BeforeEach
  void start() {
    server.init();
  }

  @AfterEach
  void stop() {
    server.destroy();
  }

  @Test
  void theDriversPodIsWhatTheOptionsAskFor() throws Exception {
    KubernetesClient client = server.createClient();
    String master = "k8s://http://127.0.0.1:" + server.getPort();
    Launcher.Ended ended = new Launcher(Launcher.ROOT.resolve("kindling"), Launcher.ROOT).run("pretrain",
        "/etc/kindling/pretrain.yaml", "--set", "train.steps=20", "--master", master, "--", "--deploy-mode", "cluster",
        "--properties-file", "cluster/kubernetes/options.conf", "--conf",
        "spark.kubernetes.submission.waitAppCompletion=false");
    assertThat(ended.code()).as(ended.err()).isZero();

    Pod pod = client.pods().inNamespace("kindling").list().getItems().get(0);
    assertThat(pod.getSpec().getServiceAccountName()).isEqualTo("kindling");
    assertThat(pod.getSpec().getTerminationGracePeriodSeconds()).isEqualTo(60);
    assertThat(pod.getSpec().getRestartPolicy()).isEqualTo("Never");
    assertThat(pod.getMetadata().getLabels()).containsEntry("spark-role", "driver")
        .containsEntry("app.kubernetes.io/name", "kindling");
    Container driver = pod.getSpec().getContainers().get(0);
    assertThat(driver.getImage()).isEqualTo("registry.example.com/kindling:0.1");
    assertThat(driver.getArgs()).startsWith("driver").containsSequence("--class", "dev.kindling.jobs.command.Kindling")
        .endsWith("local:///opt/kindling/kindling.jar", "pretrain", "/etc/kindling/pretrain.yaml", "--set",
            "train.steps=20");
    Quantity memory = driver.getResources().getLimits().get("memory");
    assertThat(memory.getNumericalAmount()).isEqualByComparingTo(new Quantity("3Gi").getNumericalAmount());   // 2g + 1g
    assertThat(driver.getVolumeMounts()).extracting(VolumeMount::getMountPath).contains("/data", "/etc/kindling");
    assertThat(pod.getSpec().getVolumes()).extracting(Volume::getPersistentVolumeClaim).filteredOn(Objects::nonNull)
        .extracting(PersistentVolumeClaimVolumeSource::getClaimName).containsExactly("kindling-data");
    assertThat(driver.getEnv()).extracting(EnvVar::getName).contains("SPARK_DRIVER_BIND_ADDRESS");

    List<String> settings = client.configMaps().inNamespace("kindling").list().getItems().stream()
        .map(map -> map.getData().get("spark.properties")).filter(text -> text != null).toList();
    assertThat(settings).singleElement().asString().contains("spark.executor.instances=2")
        .contains("spark.executor.memoryOverhead=4g").contains("spark.dynamicAllocation.enabled=false")
        .contains("jdk.incubator.vector");
  }
}
