package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code cluster/yarn/submit} says where it cannot know the cluster: one line, before anything is asked. */
@Timeout(30)
class YarnMistakesTest {
  @TempDir
  Path folder;

  private void refuses(String variable, String value, String told) throws Exception {
    Launcher.Ended ended = new Launcher(Launcher.ROOT.resolve("cluster/yarn/submit"), folder)
        .with("HADOOP_CONF_DIR", "").with("YARN_CONF_DIR", "").with(variable, value).run("pretrain", "pretrain.yaml");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().startsWith("kindling: yarn/submit: " + told);
  }

  @Test
  void aFolderOfSettingsThatIsNotGivenOrIsNoneIsTold() throws Exception {
    refuses("HADOOP_CONF_DIR", "", "HADOOP_CONF_DIR is not set");
    refuses("HADOOP_CONF_DIR", "/nowhere", "HADOOP_CONF_DIR is /nowhere, which is no folder; it names the folder");
    refuses("YARN_CONF_DIR", "/nowhere", "YARN_CONF_DIR is /nowhere, which is no folder");
    Path empty = Files.createDirectory(folder.resolve("hadoop"));
    refuses("HADOOP_CONF_DIR", empty.toString(), "HADOOP_CONF_DIR is " + empty + ", which has no yarn-site.xml");
  }
}
