package dev.kindling.checkpoint.folder;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders as sentence-transformers writes them. */
class SentencePoolingTest {
  private static final String TRANSFORMER = "{\"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"}",
      POOLING = "{\"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"}",
      NORMALIZE = "{\"idx\": 2, \"name\": \"2\", \"path\": \"2_Normalize\", \"type\": \"sentence_transformers.models.Normalize\"}";

  @TempDir
  Path folder;

  private Optional<SentencePooling> read() {
    return SentencePooling.read(Storage.of(CONF, hadoop(folder)), hadoop(folder));
  }

  private void modules(String... modules) throws IOException {
    Files.writeString(folder.resolve("modules.json"), "[" + String.join(", ", modules) + "]");
  }

  private void pooling(boolean cls, boolean mean, boolean max) throws IOException {
    Files.createDirectories(folder.resolve("1_Pooling"));
    Files.writeString(folder.resolve("1_Pooling/config.json"),
        "{\"word_embedding_dimension\": 384, \"pooling_mode_cls_token\": " + cls + ", \"pooling_mode_mean_tokens\": "
            + mean + ", \"pooling_mode_max_tokens\": " + max + ", \"include_prompt\": true}");
  }

  @Test
  void aFolderWithoutModulesSaysNothing() {
    assertThat(read()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"false, true, MEAN", "true, false, FIRST"})
  void oneOfTheTokensOrTheirMeanIsTaken(boolean cls, boolean mean, SentencePooling.Kind kind) throws IOException {
    pooling(cls, mean, false);
    modules(TRANSFORMER, POOLING);
    assertThat(read()).contains(new SentencePooling(kind, false, 0));
    modules(TRANSFORMER, POOLING, NORMALIZE);
    Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 256}");
    assertThat(read()).contains(new SentencePooling(kind, true, 256));
  }

  @Test
  void whatIsNotComputedIsTold() throws IOException {
    modules(TRANSFORMER, POOLING);
    pooling(false, true, true);
    assertTold("1_Pooling/config.json", "pooling_mode_mean_tokens, pooling_mode_max_tokens");
    pooling(false, false, false);
    assertTold("1_Pooling/config.json pools by []");
    pooling(false, true, false);
    modules(TRANSFORMER, POOLING, POOLING.replace("Pooling\"}", "Dense\"}"));
    assertTold("modules.json has a module sentence_transformers.models.Dense");
    modules(TRANSFORMER);
    assertTold("modules.json has no module sentence_transformers.models.Pooling");
    modules(TRANSFORMER, POOLING.replace("1_Pooling", "../elsewhere"));
    assertTold("modules.json: path is \"../elsewhere\"");
    modules(TRANSFORMER, POOLING);
    Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": -1}");
    assertTold("sentence_bert_config.json: max_seq_length is -1");
  }

  private void assertTold(String... parts) {
    assertThatThrownBy(this::read).isInstanceOf(UserError.class).hasMessageContainingAll(parts);
  }
}
