package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tokenizer import}: rank files of tiktoken. */
class TokenizerImportTest {
  @TempDir
  Path folder;

  private Path ranks(String last) throws IOException {
    StringBuilder ranks = new StringBuilder();
    for (int b = 0; b < 256; b++)
      ranks.append(Base64.getEncoder().encodeToString(new byte[]{(byte) b})).append(' ').append(b).append('\n');
    return Files.writeString(folder.resolve("small.tiktoken"), ranks + last);
  }

  @Test
  void aRankFileBecomesATokenizerThatEncodes() throws IOException {
    String out = folder.resolve("out").toString();
    String file = ranks("YWI= 256\n").toString();
    String[] words = {"tokenizer", "import", file, "--pattern", "cl100k", "--special", "<|endoftext|>=300", "--out",
        out};
    assertThat(Ended.of(words).code()).isZero();
    assertThat(Ended.of("tokenizer", "encode", "--tokenizer", out, "abab<|endoftext|>b").out().strip())
        .isEqualTo("256 256 300 98");
    Ended again = Ended.of(words);
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("--out", "a folder without a tokenizer");
  }

  @Test
  void wrongFilesAndNamesAreToldInOneLine() throws IOException {
    assertTold(ranks("YWI= x\n"), "cl100k", "small.tiktoken:257", "base64");
    assertTold(ranks(""), "gpt5", "--pattern is gpt5", "o200k");
    assertTold(folder.resolve("none.tiktoken"), "gpt2", "there is no file", "none.tiktoken");
  }

  private void assertTold(Path file, String pattern, String... parts) {
    Ended ended = Ended.of("tokenizer", "import", file.toString(), "--pattern", pattern, "--out",
        folder.resolve("out").toString());
    assertThat(ended.err().lines()).singleElement().asString().startsWith("kindling: ").contains(parts);
    assertThat(ended.code()).isEqualTo(2);
    assertThat(folder.resolve("out")).doesNotExist();
  }
}
