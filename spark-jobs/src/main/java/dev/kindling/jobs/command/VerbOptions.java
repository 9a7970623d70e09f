package dev.kindling.jobs.command;

import dev.kindling.checkpoint.Storage;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.config.SettingsFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What every configured verb takes: a YAML file, and overrides on top of it. */
final class VerbOptions {
  /** What the command line calls the file. */
  static final String FILE = "CONFIG.yaml";
  private static final int LARGEST_FILE = 1 << 20;

  @Parameters(arity = "0..1", paramLabel = FILE, description = "Settings, local or on any Hadoop file system.")
  private String file;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "One setting, over the file's: --set train.steps=20")
  private List<String> overrides = new ArrayList<>();

  private List<String> texts = List.of();

  /** @param hadoop where paths are resolved; @return the file's settings with the overrides on top */
  Configuration read(org.apache.hadoop.conf.Configuration hadoop) {
    if (file == null) return Configuration.empty().set(overrides);
    Path path = SettingsFile.path(file);
    byte[] text = Storage.readSmall(Storage.of(hadoop, path), path, LARGEST_FILE);
    Configuration read = Configuration.parse(file, new String(text, StandardCharsets.UTF_8)).set(overrides);
    texts = read.texts();
    return read;
  }

  /** What the file has said, and the overrides: paths are among it. */
  List<String> texts() {
    return texts;
  }

  /** The settings of a packaged default with the file's and the overrides on top. */
  Configuration readOver(String name, String packaged, org.apache.hadoop.conf.Configuration hadoop) {
    Configuration base = Configuration.parse(name, packaged);
    return file == null ? base.set(overrides) : base.with(read(hadoop));
  }
}
