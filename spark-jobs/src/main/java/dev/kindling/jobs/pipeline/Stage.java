package dev.kindling.jobs.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.config.SettingsFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A stage with what it reads and writes, as far as its command line and its YAML file say.
 *
 * @param words of the command line, the verb first; @param config its YAML file, if it names one
 * @param after names of stages; @param reads paths, which may be globs; @param writes paths
 */
record Stage(String name, List<String> words, Optional<Path> config, Set<String> after, Set<String> reads,
    Set<String> writes) {
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|([^\\s\"']+)");
  private static final Set<String> READING = Set.of("--in", "--data", "--model", "--tokenizer", "input", "dataset",
      "tokenizer");
  private static final Set<String> WRITING = Set.of("--out", "output", "run");
  /** What options set of a file. */
  private static final Map<String, Set<String>> SETTING = Map.of("--in", Set.of("input"), "--data", Set.of("dataset"),
      "--out", Set.of("output", "run"));
  /** Of datasets that are mixed: a list of folders, or of sections in which {@code dataset} is one. */
  private static final String MIXED = "data.others";
  private static final int LARGEST_FILE = 1 << 20;
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  /**
   * @param conf where paths are resolved
   * @param files tells which of a stage's words is its YAML file
   */
  static Stage of(PipelineSettings.StageSettings settings, Configuration conf,
      Function<List<String>, Optional<String>> files) {
    List<String> words = words(settings);
    Optional<Path> config = files.apply(words).map(SettingsFile::path);
    Stage stage = new Stage(settings.name(), words, config, set(settings.after()), set(settings.reads()),
        set(settings.writes()));
    Map<String, String> overrides = new LinkedHashMap<>();
    Set<String> set = new HashSet<>();           // keys of the file that do not count, as a word sets them
    for (int i = 1; i < words.size(); i++) {
      String word = words.get(i);
      boolean pair = word.startsWith("--") && word.contains("=");
      String option = pair ? word.substring(0, word.indexOf('=')) : word;
      String value = pair ? word.substring(word.indexOf('=') + 1) : i + 1 < words.size() ? words.get(i + 1) : "";
      int equals = value.indexOf('=');
      if (option.equals("--set") && equals > 0) {
        overrides.put(value.substring(0, equals), value.substring(equals + 1));
      } else {
        stage.note(option, value);
        set.addAll(SETTING.getOrDefault(option, Set.of()));
      }
    }
    overrides.keySet().removeAll(set);           // options go before --set, and both before the file
    overrides.forEach((key, value) -> {
      if (key.equals(MIXED)) stage.noteMixed(value);
      else stage.note(key, value);
    });
    set.addAll(overrides.keySet());
    config.ifPresent(file -> stage.noteFile(conf, file, set));
    return stage;
  }

  private static Set<String> set(Optional<List<String>> names) {
    return new LinkedHashSet<>(names.orElse(List.of()));
  }

  /** As a shell would split it, quotations included. */
  private static List<String> words(PipelineSettings.StageSettings settings) {
    List<String> words = new ArrayList<>();
    Matcher matcher = Pattern.compile("(?:" + WORD.pattern() + ")+").matcher(settings.run());
    while (matcher.find()) {
      StringBuilder word = new StringBuilder();
      Matcher part = WORD.matcher(matcher.group());
      while (part.find()) { for (int g = 1; g <= 3; g++) if (part.group(g) != null) word.append(part.group(g)); }
      words.add(word.toString());
    }
    if (!matcher.replaceAll("").isBlank()) {
      throw new UserError(
          "stage " + settings.name() + ": a quotation mark is not closed in its run, " + settings.run());
    }
    return words;
  }

  /** @param without keys that do not count */
  private void noteFile(Configuration conf, Path file, Set<String> without) {
    byte[] bytes;
    try {
      bytes = Storage.readSmall(Storage.of(conf, file), file, LARGEST_FILE);
    } catch (UserError missing) {
      throw new UserError("stage " + name + ": " + missing.getMessage(), missing);
    }
    try {
      JsonNode yaml = YAML.readTree(bytes);
      yaml.properties().forEach(each -> {
        if (without.contains(each.getKey())) return;
        if (each.getValue().isArray()) each.getValue().forEach(item -> note(each.getKey(), item.asText()));
        else if (each.getValue().isTextual()) note(each.getKey(), each.getValue().asText());
      });
      if (!without.contains(MIXED)) noteMixed(yaml.path("data").path("others"));
    } catch (IOException e) {
      throw new UserError("stage " + name + ": " + problem(file, new String(bytes, StandardCharsets.UTF_8), e), e);
    }
  }

  /** What the verb will say of a file that is no YAML; where it would say nothing, what is wrong with it here. */
  static String problem(Path file, String text, IOException refused) {
    try {
      dev.kindling.jobs.config.Configuration.parse(file.toString().replaceFirst("^file:(?=/)", ""), text);
      return file + " is not valid YAML: " + String.valueOf(refused.getMessage()).lines().findFirst().orElse("")
          + (refused instanceof JsonProcessingException at && at.getLocation() != null
              ? " (line " + at.getLocation().getLineNr() + ")"
              : "");
    } catch (UserError told) {
      return told.getMessage();
    }
  }

  /** @param text of a {@code --set} */
  private void noteMixed(String text) {
    try {
      noteMixed(YAML.readTree(text));
    } catch (IOException e) {
      throw new UserError("stage " + name + ": " + MIXED + " is not valid YAML: " + text, e);
    }
  }

  private void noteMixed(JsonNode others) {
    for (JsonNode other : others.isArray() ? others : List.of(others)) {
      JsonNode dataset = other.isTextual() ? other : other.path("dataset");
      if (dataset.isTextual() && !dataset.asText().isEmpty()) reads.add(dataset.asText());
    }
  }

  private void note(String key, String value) {
    if (value.isEmpty()) return;
    if (READING.contains(key)) reads.add(value);
    if (WRITING.contains(key)) writes.add(value);
  }

  /** Whether it reads what another writes, or a part of it. */
  boolean readsFrom(Stage other) {
    return reads.stream().anyMatch(read -> other.writes.stream().anyMatch(written -> within(read, written)));
  }

  static boolean within(String path, String folder) {
    String one = new Path(path).toString();
    String other = new Path(folder).toString();
    return one.equals(other) || one.startsWith(other + "/");
  }

  /** The verb. */
  String verb() {
    return words.get(0);
  }
}
