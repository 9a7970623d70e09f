package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** REPORTS E10: what is made for jobs with long names has names that Kubernetes takes, and no two the same. */
class KubernetesNamesTest {
  private static final String DNS_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";     // RFC 1123, section 2.1
  private static final String LABEL_VALUE = "([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?";
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

  private void submit(String name) throws Exception {
    Launcher.Ended ended = new Launcher(Launcher.ROOT.resolve("kindling"), Launcher.ROOT).run("pretrain",
        "/etc/kindling/pretrain.yaml", "--master", "k8s://http://127.0.0.1:" + server.getPort(), "--", "--deploy-mode",
        "cluster", "--properties-file", "cluster/kubernetes/options.conf", "--conf",
        "spark.kubernetes.submission.waitAppCompletion=false", "--name", name);
    assertThat(ended.code()).as(ended.err()).isZero();
  }

  @Test
  void twoJobsWhoseNamesAreAlikeInTheirFirstSixtyOfEightyLetters() throws Exception {
    String alike = "The Long Name_of a nightly.Run " + "x".repeat(29);
    submit(alike + "a".repeat(20));
    submit(alike + "b".repeat(20));

    KubernetesClient client = server.createClient();
    List<Pod> pods = client.pods().inNamespace("kindling").list().getItems();
    List<Service> services = client.services().inNamespace("kindling").list().getItems();
    assertThat(pods).hasSize(2);
    assertThat(services).hasSize(2);
    assertThat(services).extracting(service -> service.getMetadata().getName()).doesNotHaveDuplicates()
        .allSatisfy(name -> assertThat(name).matches(DNS_LABEL));
    assertThat(pods).extracting(pod -> pod.getMetadata().getName()).doesNotHaveDuplicates()
        .allSatisfy(name -> assertThat(name.length()).isLessThanOrEqualTo(253))
        .allSatisfy(name -> assertThat(name).matches("[a-z0-9]([a-z0-9-]*[a-z0-9])?"));
    for (HasMetadata made : Stream.concat(pods.stream(), services.stream()).toList()) {
      assertThat(made.getMetadata().getLabels().values()).allSatisfy(value -> assertThat(value).matches(LABEL_VALUE));
    }
  }
}
