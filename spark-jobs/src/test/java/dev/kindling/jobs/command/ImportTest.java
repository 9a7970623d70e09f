package dev.kindling.jobs.command;

import static dev.kindling.jobs.command.Ended.assertOneLine;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verb; what is read of a file and written of a model is checkpoints-format's to test. */
class ImportTest {
  @TempDir
  Path folder;
  private Path model;
  private Path out;

  @BeforeEach
  void copyTheModel() throws IOException {
    model = Files.copy(Path.of("../checkpoints-format/src/test/resources/onnx/bert-eager-17.onnx"),
        folder.resolve("bert.onnx"));
    out = folder.resolve("model");
  }

  @Test
  void anOnnxFileBecomesAFolderThatOtherVerbsRead() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"a\": 0, \"b\": 36}}}");
    Ended ended = Ended.of("import", model.toString(), "--out", out.toString(), "--pooling", "cls", "--no-normalize",
        "--max-tokens", "9");
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("2 layers of width 12, 3 heads",
        "embeddings: first token" + System.lineSeparator(),
        "tokenizer: " + folder.resolve("tokenizer.json"));
    assertThat(Ended.of("inspect", out.toString()).out()).contains("BertModel");
    assertThat(out.resolve("1_Pooling/config.json")).content().contains("\"pooling_mode_cls_token\" : true");
    assertThat(out.resolve("modules.json")).content().doesNotContain("Normalize");
    assertThat(out.resolve("sentence_bert_config.json")).content().contains("\"max_seq_length\" : 9");
  }

  @Test
  void aTokenizerThatIsNotTheModelsIsRefusedWhereThatIsCertainAndDoubtedWhereItIsLikely() throws IOException {
    Path words = folder.resolve("words");
    Files.createDirectories(words);
    Path file = Files.writeString(words.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"a\": 0, \"b\": 37}}}");
    assertThat(Ended.refused("import", model.toString(), "--out", out.toString(), "--tokenizer", words.toString()))
        .contains("tokenizer.json has ids up to 37, a vocabulary of 38; the model's embedding has 37 rows");
    assertThat(out).doesNotExist();
    Files.writeString(file, "{\"model\": {\"vocab\": {\"a\": 0}}}");
    Ended doubted = Ended.of("import", model.toString(), "--out", out.toString(), "--tokenizer", words.toString());
    assertThat(doubted.code()).isZero();
    assertThat(doubted.err().lines()).singleElement().asString().startsWith("kindling: warning: ")
        .contains("tokenizer.json has 1 ids, and the model's embedding 37 rows");
  }

  @Test
  void mistakesAreToldInOneLineAndLeaveNoFolder() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.onnx"), "This is no model.");
    String to = out.toString();
    assertOneLine(Ended.of("import", text.toString(), "--out", to), "notes.onnx is damaged or no ONNX file");
    assertOneLine(Ended.of("import", folder.resolve("none.onnx").toString(), "--out", to), "none.onnx does not exist");
    assertOneLine(Ended.of("import", model.toString(), "--out", to, "--tokenizer", "none.json"),
        "none.json does not exist");
    assertOneLine(Ended.of("import", model.toString(), "--out", to, "--pooling", "max"), "--pooling is max",
        "mean or cls");
    assertOneLine(Ended.of("import", model.toString(), "--out", to, "--heads", "0"), "--heads is 0");
    assertOneLine(Ended.of("import", model.toString()), "--out", "kindling import --help");
    assertThat(out).doesNotExist();
  }
}
