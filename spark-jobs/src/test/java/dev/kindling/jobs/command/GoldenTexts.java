package dev.kindling.jobs.command;

import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/** A golden case's folder as a user brings it: with a tokenizer, by which the text {@code w7 w12} is the ids 7 and 12. */
final class GoldenTexts {
  private static final Path CASES = Path.of("../golden/cases");

  private GoldenTexts() {
  }

  static void copy(String name, Path folder, int vocabulary) throws IOException {
    Files.createDirectories(folder);
    for (String file : new String[]{"config.json", "model.safetensors"})
      Files.copy(CASES.resolve(name).resolve(file), folder.resolve(file));
    String words = IntStream.range(0, vocabulary).mapToObj(i -> "\"w" + i + "\": " + i)
        .collect(Collectors.joining(", "));
    Files.writeString(folder.resolve("tokenizer.json"), """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
         "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
         "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {}},
         "model": {"type": "WordLevel", "unk_token": "w0", "vocab": {%s}}}
        """.formatted(words));
  }

  static SafetensorsReader values(String name) {
    return SafetensorsReader.open(new Configuration(),
        new org.apache.hadoop.fs.Path(CASES.resolve(name).resolve("golden.safetensors").toAbsolutePath().toUri()));
  }

  static int[] ids(String name, String tensor) {
    try (SafetensorsReader golden = values(name)) {
      return Arrays.stream(golden.readLongs(tensor)).mapToInt(Math::toIntExact).toArray();
    }
  }

  static float[] numbers(String name, String tensor) {
    try (SafetensorsReader golden = values(name)) {
      return golden.read(tensor);
    }
  }

  static String text(int[] ids, int from, int to) {
    return Arrays.stream(ids, from, to).mapToObj(id -> "w" + id).collect(Collectors.joining(" "));
  }
}
