package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No cluster is needed to see that what is given to it is understood, and that its parts name one another rightly. */
class KubernetesFilesTest {
  private static final Map<String, Class<? extends HasMetadata>> KINDS = Map.of("Namespace", Namespace.class,
      "ServiceAccount", ServiceAccount.class, "Role", Role.class, "RoleBinding", RoleBinding.class,
      "PersistentVolumeClaim", PersistentVolumeClaim.class, "ConfigMap", ConfigMap.class, "CronJob", CronJob.class,
      "Pod", io.fabric8.kubernetes.api.model.Pod.class);

  private static List<HasMetadata> objects(String file) throws IOException {
    List<HasMetadata> all = new ArrayList<>();
    for (JsonNode manifest : Manifests.read(file)) {
      HasMetadata object = Manifests.strictly(manifest, KINDS.get(manifest.required("kind").asText()));
      assertThat(object.getApiVersion()).as(file).isEqualTo(HasMetadata.getApiVersion(object.getClass()));
      all.add(object);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"access.yaml", "data.yaml", "nightly.yaml", "driver-pod.yaml", "executor-pod.yaml"})
  void everyFieldIsOneOfKubernetes(String file) throws IOException {
    assertThat(objects(file)).isNotEmpty();
  }

  @Test
  void theExampleOfAPipelineIsOneToo() throws IOException {
    assertThat(objects("../examples/kubernetes-cronjob.yaml")).isNotEmpty();
  }

  @Test
  void aWrongFieldWouldBeFound() throws IOException {
    ObjectNode cronJob = (ObjectNode) Manifests.read("nightly.yaml").get(0);
    ((ObjectNode) cronJob.at("/spec/jobTemplate/spec/template/spec")).put("serviceAccount_", "kindling");
    assertThatThrownBy(() -> Manifests.strictly(cronJob, CronJob.class))
        .isInstanceOf(UnrecognizedPropertyException.class).hasMessageContaining("serviceAccount_");
  }

  @Test
  void theAccountOfDriversMayStartExecutors() throws IOException {
    List<HasMetadata> access = objects("access.yaml");
    Role role = (Role) access.get(2);
    RoleBinding binding = (RoleBinding) access.get(3);
    assertThat(role.getRules()).anySatisfy(rule -> {
      assertThat(rule.getResources()).contains("pods", "services", "configmaps");
      assertThat(rule.getVerbs()).contains("create", "get", "list", "watch", "delete", "deletecollection");
    });
    assertThat(binding.getRoleRef().getName()).isEqualTo(role.getMetadata().getName());
    assertThat(binding.getSubjects().get(0).getName()).isEqualTo(access.get(1).getMetadata().getName());
  }

  @Test
  void theOperatorsObjectsAreAsItDescribesThem() throws IOException {
    Manifests.Application once = Manifests.strictly(Manifests.read("training.yaml").get(0),
        Manifests.Application.class);
    Manifests.Scheduled nightly = Manifests.strictly(Manifests.read("nightly-training.yaml").get(0),
        Manifests.Scheduled.class);
    assertThat(List.of(once.apiVersion(), nightly.apiVersion())).containsOnly("sparkoperator.k8s.io/v1beta2");
    assertThat(once.kind()).isEqualTo("SparkApplication");
    assertThat(nightly.kind()).isEqualTo("ScheduledSparkApplication");
    assertThat(nightly.spec().concurrencyPolicy()).isEqualTo("Forbid");
    for (Manifests.Spec spec : List.of(once.spec(), nightly.spec().template())) {
      assertThat(spec.type()).isEqualTo("Java");
      assertThat(spec.mainApplicationFile()).isEqualTo("local:///opt/kindling/kindling.jar");
      assertThat(spec.driver().serviceAccount()).isEqualTo("kindling");
      assertThat(spec.driver().terminationGracePeriodSeconds()).isGreaterThan(30);
      assertThat(spec.executor().instances()).isPositive();
      assertThat(spec.arguments().get(1)).startsWith(spec.driver().configMaps().get(0).path());
      assertThat(spec.driver().configMaps().get(0).name())
          .isEqualTo(objects("data.yaml").get(1).getMetadata().getName());
      assertThat(spec.volumes().get(0).getPersistentVolumeClaim().getClaimName())
          .isEqualTo(objects("data.yaml").get(0).getMetadata().getName());
      assertThat(spec.executor().volumeMounts()).isEqualTo(spec.driver().volumeMounts());
    }
  }

  @Test
  void theImageIsMadeOfFilesThatTheBuildLeavesAndHoldsWhatNativesNeed() throws IOException {
    List<String> lines = Files.readAllLines(Manifests.FOLDER.resolve("Dockerfile"));
    Pattern copy = Pattern.compile("COPY (\\S+) (/\\S+)");
    List<String> sent = Files.readAllLines(Launcher.ROOT.resolve(".dockerignore"));
    List<String> copied = new ArrayList<>();
    for (String line : lines) {
      Matcher found = copy.matcher(line);
      if (!found.matches()) continue;
      assertThat(Launcher.ROOT.resolve(found.group(1))).exists();
      assertThat(sent).anyMatch(s -> s.startsWith("!") && found.group(1).startsWith(s.substring(1)));
      copied.add(found.group(2));
    }
    String all = String.join("\n", lines);
    assertThat(copied).contains("/opt/spark", "/opt/kindling/kindling.jar", "/opt/kindling/entrypoint");
    assertThat(all).contains("libgomp1").contains("/opt/kindling/unpack-natives /opt/spark /opt/kindling/kindling.jar");
    assertThat(lines).filteredOn(l -> l.startsWith("FROM ")).singleElement().asString().contains("eclipse-temurin:17");
    assertThat(lines).filteredOn(l -> !l.isBlank())
        .allMatch(l -> l.matches("(#|FROM|RUN|COPY|ENV|USER|WORKDIR|ENTRYPOINT| ).*"));
    assertThat(all).containsPattern("useradd --system --uid 185 --gid 0 .* kindling").contains("\nUSER 185\n");
    assertThat(Files.readString(Launcher.ROOT.resolve("cluster/target/spark-home/conf/kindling-jvm-flags")))
        .startsWith("-XX:+IgnoreUnrecognizedVMOptions ").doesNotContain("${");
  }

  @Test
  void theImagesFirstProcessStartsDriversAndExecutorsAsSparkAsks() throws Exception {
    Path bin = Files.createTempDirectory("bin");
    Path tini = Files.writeString(bin.resolve("tini"), "#!/bin/sh\nshift 2\nprintf '%s\\n' \"$@\"\n");
    assertThat(tini.toFile().setExecutable(true)).isTrue();
    Launcher entrypoint = new Launcher(Manifests.FOLDER.resolve("entrypoint"), bin)
        .with("PATH", bin + ":" + System.getenv("PATH")).with("JAVA_HOME", "/jdk").with("SPARK_HOME", "/opt/spark")
        .with("SPARK_DRIVER_BIND_ADDRESS", "10.0.0.7").with("SPARK_EXECUTOR_MEMORY", "4g")
        .with("SPARK_DRIVER_URL", "spark://driver").with("SPARK_EXECUTOR_ID", "3").with("SPARK_EXECUTOR_CORES", "4")
        .with("SPARK_APPLICATION_ID", "app").with("SPARK_EXECUTOR_POD_IP", "10.0.0.8")
        .with("SPARK_RESOURCE_PROFILE_ID", "0").with("SPARK_EXECUTOR_POD_NAME", "pod")
        .with("SPARK_JAVA_OPT_0", "-Da=b c").with("SPARK_JAVA_OPT_10", "-Dlast=x")
        .with("SPARK_JAVA_OPT_2", "-Dsecond=y");
    Launcher.Ended driver = entrypoint.run("driver", "--class", "Main", "local:///kindling.jar", "pretrain");
    assertThat(driver.out().lines()).containsExactly("/opt/spark/bin/spark-submit", "--conf",
        "spark.driver.bindAddress=10.0.0.7", "--deploy-mode", "client", "--class", "Main", "local:///kindling.jar",
        "pretrain");
    Launcher.Ended executor = entrypoint.run("executor");
    assertThat(executor.out().lines()).startsWith("/jdk/bin/java", "-Da=b c", "-Dsecond=y", "-Dlast=x", "-Xms4g",
        "-Xmx4g").contains("org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend", "10.0.0.8", "pod");
    assertThat(entrypoint.run("echo", "some text").out().lines()).containsExactly("echo", "some text");
    Files.delete(tini);
    Files.delete(bin);
  }

  /** Hadoop cannot log such a user in. */
  @Test
  void aUserWhomTheImageDoesNotKnowGetsAName(@TempDir Path bin) throws Exception {
    Files.writeString(bin.resolve("tini"), "#!/bin/sh\nshift 2\nprintf '%s\\n' \"$@\"\n");
    Files.writeString(bin.resolve("id"),
        "#!/bin/sh\ncase $1 in -u) echo 1000680000 ;; -g) echo 0 ;; *) exit 1 ;; esac\n");
    for (String name : List.of("tini", "id")) assertThat(bin.resolve(name).toFile().setExecutable(true)).isTrue();
    Path users = Files.writeString(bin.resolve("passwd"), "root:x:0:0:root:/root:/bin/bash\n");
    Launcher entrypoint = new Launcher(Manifests.FOLDER.resolve("entrypoint"), bin)
        .with("PATH", bin + ":" + System.getenv("PATH")).with("SPARK_HOME", "/opt/spark")
        .with("KINDLING_USERS", users.toString());
    assertThat(entrypoint.run("true").code()).isZero();
    assertThat(users).content().isEqualTo("root:x:0:0:root:/root:/bin/bash\n"
        + "kindling:x:1000680000:0:Kindling:/opt/kindling/work:/bin/false\n");
  }
}
