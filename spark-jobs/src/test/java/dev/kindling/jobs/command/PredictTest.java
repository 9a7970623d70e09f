package dev.kindling.jobs.command;

import static dev.kindling.jobs.command.Ended.assertOneLine;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verb with a BERT of a few thousand weights and a vocabulary of four words. */
class PredictTest {
  private static final String TOKENIZER = """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
       "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
       "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "dry": 1, "wood": 2, "burns": 3}}}
      """;

  @TempDir
  Path folder;
  private String model;

  @BeforeEach
  void importTheModel() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
    Files.copy(Path.of("../checkpoints-format/src/test/resources/onnx/bert-eager-17.onnx"),
        folder.resolve("bert.onnx"));
    model = folder.resolve("model").toString();
    assertThat(Ended.of("import", folder.resolve("bert.onnx").toString(), "--out", model).code()).isZero();
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private Ended predict(Path in, Path out, String... more) {
    String[] all = new String[more.length + 7];
    System.arraycopy(new String[]{"predict", "--model", model, "--in", in.toString(), "--out", out.toString()}, 0, all,
        0,
        7);
    System.arraycopy(more, 0, all, 7, more.length);
    return Ended.of(all);
  }

  @Test
  void textsOfLinesAndOfJsonAreTheSame() throws IOException {
    Path lines = folder.resolve("lines.jsonl"), json = folder.resolve("json.jsonl");
    Ended ended = predict(write("in.txt", "dry wood burns\nwood\n"), lines);
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).contains("lines.jsonl: 2 texts, 4 tokens").doesNotContain("cut");
    predict(write("in.jsonl", "{\"q\": \"dry wood burns\", \"id\": 7}\n{\"q\": \"wood\"}\n"), json, "--text-field",
        "q");
    assertThat(Files.readString(json)).isEqualTo(
        Files.readString(lines).replace("\"in.txt@0\"", "\"7\"").replace("in.txt@15", "in.jsonl@33"));
    assertThat(Files.readAllLines(lines)).hasSize(2)
        .allSatisfy(line -> assertThat(line).matches("\\{\"id\":.*\"embedding\":\\[(-?[0-9.E-]+,){11}-?[0-9.E-]+]}"));
  }

  @Test
  void textsBeyondTheModelsSixteenPositionsAreCutAndCounted() throws IOException {
    Ended ended = predict(write("in.txt", "wood ".repeat(16) + "\n" + "wood ".repeat(17) + "\n"),
        folder.resolve("out.parquet"));
    assertThat(ended.out()).contains("2 texts, 32 tokens",
        "1 of the texts were longer than 16 tokens and were cut there");
  }

  @Test
  void mistakesAreToldInOneLineAndLeaveNoFile() throws IOException {
    Path in = write("in.txt", "wood\n"), out = folder.resolve("out.jsonl");
    assertOneLine(predict(write("empty.txt", "\n"), out), "empty.txt", "is empty");
    assertOneLine(predict(folder.resolve("none.txt"), out), "none.txt", "does not exist");
    assertOneLine(predict(write("in.jsonl", "{\"text\": 3}\n"), out), "in.jsonl:1: the field 'text'",
        "name the right field with --text-field");
    assertOneLine(predict(in, out, "--text-field", ""), "--text-field is ''");
    assertOneLine(predict(in, out, "--id-field", " "), "--id-field is ' '");
    assertOneLine(predict(in, folder.resolve("out.csv")), "out.csv", ".jsonl or .parquet");
    assertOneLine(predict(in, out, "--precision", "int8"), "--precision is int8", "float32 or bf16");
    assertOneLine(predict(in, out, "--threads", "0"), "--threads is 0");
    assertOneLine(Ended.of("generate", "--model", model, "--prompt", "wood"), "is a bert", "a decoder is needed",
        "kindling predict labels or embeds texts with this one");
    Files.delete(Path.of(model, "tokenizer.json"));
    assertOneLine(predict(in, out), "model", "has no tokenizer.json");
    assertThat(out).doesNotExist();
  }

  @Test
  void theFileThatIsReadIsNotWrittenOver() throws IOException {
    String text = "{\"text\": \"dry wood\"}\n";
    Path in = write("in.jsonl", text), link = Files.createSymbolicLink(folder.resolve("link.jsonl"), in);
    for (Path out : new Path[]{in, link, folder.resolve("model/../in.jsonl")}) {
      assertOneLine(predict(in, out), "--out is ", "which is read; give another file to write into");
    }
    assertThat(in).hasContent(text);
    assertThat(link).isSymbolicLink();
  }
}
