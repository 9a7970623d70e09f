package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the image's build does to the native libraries, and what an executor finds of it. */
@Tag("slow")
class UnpackedNativesTest {
  @TempDir
  private Path folder;

  private Launcher.Ended unpack() throws IOException, InterruptedException {
    Path home = Launcher.ROOT.resolve("cluster/target/spark-home");
    return new Launcher(Manifests.FOLDER.resolve("unpack-natives"), folder)
        .with("JDK_JAVA_OPTIONS", "@" + home.resolve("conf/kindling-jvm-flags") + " -Dorg.bytedeco.javacpp.cachedir="
            + folder)
        .with("DJL_CACHE_DIR", folder.resolve("djl").toString())
        .run(home.toString(), Launcher.ROOT.resolve("spark-jobs/target/kindling.jar").toString());
  }

  private Map<String, FileTime> libraries() throws IOException {
    Map<String, FileTime> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().matches(".*\\.so(\\.\\d+)*")).toList()) {
        all.put(folder.relativize(file).toString(), Files.getLastModifiedTime(file));
      }
    }
    return all;
  }

  @Test
  void allLibrariesAreUnpackedOnceAndLoadedFromThereAfterwards() throws Exception {
    Launcher.Ended first = unpack();
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out()).contains("oneDNN").contains("tokenizers");
    Map<String, FileTime> unpacked = libraries();
    assertThat(unpacked.keySet()).anyMatch(f -> f.endsWith("libnd4jcpu.so")).anyMatch(f -> f.contains("libdnnl.so"))
        .anyMatch(f -> f.endsWith("libjnidnnl.so")).anyMatch(f -> f.endsWith("libtokenizers.so"));
    assertThat(unpack().code()).isZero();
    assertThat(libraries()).isEqualTo(unpacked);
  }
}
