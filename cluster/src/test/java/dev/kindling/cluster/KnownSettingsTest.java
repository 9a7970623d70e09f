package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.ConfigurationSource;
import org.apache.logging.log4j.core.config.properties.PropertiesConfigurationFactory;
import org.apache.logging.log4j.status.StatusData;
import org.apache.logging.log4j.status.StatusLogger;
import org.apache.spark.internal.config.ConfigEntry;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of settings: a key that nobody reads would be a setting that does nothing. */
class KnownSettingsTest {
  /** A setting, also one that is shown only: a line of prose has no such key before its first space. */
  private static final Pattern SETTING = Pattern.compile("(?:# )?(spark\\.\\S+)\\s+(\\S.*)");
  /** Where Spark declares its settings. */
  private static final List<String> DECLARATIONS = List.of("org.apache.spark.internal.config.package$",
      "org.apache.spark.internal.config.Deploy$", "org.apache.spark.internal.config.Network$",
      "org.apache.spark.internal.config.UI$", "org.apache.spark.deploy.yarn.config.package$",
      "org.apache.spark.deploy.k8s.Config$");
  /** Settings that end in a name of the user's, and those that Spark reads without declaring them. */
  private static final List<Pattern> OTHERS = List.of(Pattern.compile("spark\\.hadoop\\.(fs|dfs|ipc|hadoop)\\..+"),
      Pattern.compile("spark\\.(executorEnv|yarn\\.appMasterEnv)\\.[A-Z_]+"),
      Pattern.compile("spark\\.kubernetes\\.(driver|executor)\\.volumes\\.(persistentVolumeClaim|hostPath|emptyDir|nfs)"
          + "\\.[a-z]+\\.(mount\\.(path|subPath|readOnly)|options\\.[a-zA-Z]+)"),
      Pattern.compile("spark\\.ssl\\.rpc\\.(enabled|protocol|enabledAlgorithms|keyPassword"
          + "|(keyStore|trustStore)(Type|Password)?)"),
      Pattern.compile("spark\\.(scheduler\\.barrier\\.maxConcurrentTasksCheck\\.interval|port\\.maxRetries)"));

  @BeforeAll
  static void declareAll() throws ClassNotFoundException {
    for (String name : DECLARATIONS) Class.forName(name);
  }

  private static boolean known(String key) {
    return ConfigEntry.findEntry(key) != null || OTHERS.stream().anyMatch(p -> p.matcher(key).matches());
  }

  private static List<String> settings(List<String> lines) {
    List<String> keys = new ArrayList<>();
    for (String line : lines) {
      Matcher setting = SETTING.matcher(line);
      if (setting.matches()) keys.add(setting.group(1));
    }
    return keys;
  }

  @ParameterizedTest
  @ValueSource(strings = {"conf/spark-defaults.conf", "yarn/options.conf", "kubernetes/options.conf"})
  void everySettingIsOneThatSparkKnows(String file) throws IOException {
    List<String> keys = settings(Files.readAllLines(Launcher.ROOT.resolve("cluster").resolve(file)));
    assertThat(keys).hasSizeGreaterThan(10).doesNotHaveDuplicates().allMatch(KnownSettingsTest::known);
  }

  @Test
  void aWrongSettingWouldBeFound() {
    assertThat(List.of("spark.executor.memoryOverhaed", "spark.yarn.archives", "spark.ssl.rpc.keystore",
        "spark.kubernetes.driver.volumes.persistentVolumeClaim.data.path")).noneMatch(KnownSettingsTest::known);
  }

  @ParameterizedTest
  @ValueSource(strings = {"data.yaml", "training.yaml", "nightly-training.yaml"})
  void soIsEverySettingInAManifest(String file) throws IOException {
    List<String> keys = new ArrayList<>();
    for (JsonNode manifest : Manifests.read(file)) {
      manifest.findParents("sparkConf").forEach(spec -> spec.get("sparkConf").fieldNames().forEachRemaining(keys::add));
      keys.addAll(settings(manifest.path("data").path("options.conf").asText().lines().toList()));
    }
    assertThat(keys).isNotEmpty().allMatch(KnownSettingsTest::known);
  }

  /** The settings of a run in a manifest are checked as the verb does. */
  @Test
  void theRunInAManifestIsOneThatCanBePlanned() throws Exception {
    JsonNode settings = Manifests.read("data.yaml").get(1).path("data").path("pretrain.yaml");
    Path file = Files.createTempFile("pretrain", ".yaml");
    Files.writeString(file, settings.asText());
    Launcher.Ended ended = new Launcher(Launcher.ROOT.resolve("kindling"), file.getParent()).run("pretrain",
        file.toString());
    Files.delete(file);
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("/data/books").doesNotContain("is not a setting");
    assertThat(new YAMLMapper().readTree(settings.asText()).path("run").asText()).startsWith("/data/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cluster/conf/log4j2.properties", "cluster/src/main/spark-home/conf/log4j2-driver.properties",
      "cluster/src/main/spark-home/conf/log4j2-submit.properties"})
  void loggingIsSetUpWithoutAComplaint(String file) throws IOException {
    StatusLogger status = StatusLogger.getLogger();
    status.clear();
    ConfigurationSource source = new ConfigurationSource(Files.newInputStream(Launcher.ROOT.resolve(file)));
    try (LoggerContext context = new LoggerContext("test")) {
      Configuration read = new PropertiesConfigurationFactory().getConfiguration(context, source);
      read.initialize();
      assertThat(read.getRootLogger().getAppenderRefs()).isNotEmpty();
      assertThat(read.getAppenders()).containsKey(read.getRootLogger().getAppenderRefs().get(0).getRef());
    }
    assertThat(status.getStatusData()).extracting(StatusData::getFormattedStatus)
        .noneMatch(line -> line.contains(" ERROR "));
    for (String log : List.of("kindling.log", "kindling-submission.log")) Files.deleteIfExists(Path.of(log));
  }
}
