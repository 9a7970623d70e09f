package dev.kindling.cluster;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The files of {@code cluster/kubernetes}, read so that a field that Kubernetes does not know is an error. */
final class Manifests {
  static final Path FOLDER = Launcher.ROOT.resolve("cluster/kubernetes");
  private static final ObjectMapper STRICT = new ObjectMapper(new YAMLFactory())
      .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
        private static final long serialVersionUID = 1L;

        @Override
        public Boolean hasAnySetter(Annotated a) {
          return false;                          // the model's classes would take every field
        }
      }).enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private Manifests() {
  }

  /** All documents of a file. */
  static List<JsonNode> read(String file) throws IOException {
    YAMLMapper yaml = new YAMLMapper();
    try (var documents = yaml.readerFor(JsonNode.class).<JsonNode>readValues(FOLDER.resolve(file).toFile())) {
      return documents.readAll();
    }
  }

  /** @throws IOException where a field is unknown or of another type */
  static <T> T strictly(JsonNode manifest, Class<T> type) throws IOException {
    return STRICT.treeToValue(manifest, type);
  }

  /** What the Spark operator's {@code v1beta2} calls a SparkApplication, as far as our manifests say anything. */
  record Application(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {}

  record Scheduled(String apiVersion, String kind, ObjectMeta metadata, ScheduledSpec spec) {}

  record ScheduledSpec(String schedule, Boolean suspend, String concurrencyPolicy, Integer successfulRunHistoryLimit,
      Integer failedRunHistoryLimit, Spec template) {}

  record Spec(String type, String mode, String sparkVersion, String image, String imagePullPolicy, String mainClass,
      String mainApplicationFile, List<String> arguments, Map<String, String> sparkConf,
      Map<String, String> hadoopConf, RestartPolicy restartPolicy, List<Volume> volumes, Pod driver, Pod executor,
      Long timeToLiveSeconds) {}

  record RestartPolicy(String type, Integer onFailureRetries, Long onFailureRetryInterval,
      Integer onSubmissionFailureRetries, Long onSubmissionFailureRetryInterval) {}

  record Pod(Integer instances, Integer cores, String coreLimit, String memory, String memoryOverhead,
      String serviceAccount, Long terminationGracePeriodSeconds, List<NamePath> configMaps,
      List<VolumeMount> volumeMounts) {}

  record NamePath(String name, String path) {}
}
