package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.clean.Normalizer;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundledCorpusPrepTest {
  @TempDir
  Path folder;

  @Test
  void theBundledCorpusBecomesRowsThatDecodeToItsDocumentsEachTokenOnceATarget() throws IOException {
    Configuration conf = new Configuration();
    String corpus = BundledCorpus.extract(conf, new org.apache.hadoop.fs.Path(folder.toUri())).toString();
    PrepOptions options = PrepOptions.of(CorpusSource.jsonl(corpus), folder.resolve("dataset").toUri().toString());
    PrepResult result = PrepJob.run(SparkInTests.session(), options);
    Tokenizer tokenizer = result.tokenizer();
    assertThat(tokenizer.vocabularySize()).isEqualTo(2048);
    DocumentOrder order = new DocumentOrder(options.seed(), options.heldOutPercent());
    assertThat(textOf(PackedDataset.open(conf, result.folder()), tokenizer)).isEqualTo(expected(order, false));
    assertThat(textOf(PackedDataset.openHeldOut(conf, result.folder()), tokenizer)).isEqualTo(expected(order, true));
    assertThat(result.info().heldOut().documents()).isBetween(233L * 5 / 100, 233L * 8 / 100);
  }

  /** First token, then the targets that count of all rows: the whole stream. */
  private static String textOf(PackedDataset rows, Tokenizer tokenizer) {
    int[] stream = new int[Math.toIntExact(rows.part().targets() + 1)];
    stream[0] = rows.tokens(0)[0];
    int at = 1;
    for (long row = 0; row < rows.rows(); row++) {
      int[] tokens = rows.tokens(row);
      assertThat(tokens[0]).isEqualTo(stream[at - 1]);
      System.arraycopy(tokens, 1, stream, at, rows.targets(row));
      at += rows.targets(row);
      assertThat(Arrays.stream(tokens, rows.targets(row) + 1, tokens.length))
          .allMatch(id -> id == tokenizer.endOfText());
    }
    assertThat(at).isEqualTo(stream.length);
    return tokenizer.decode(stream);
  }

  private static String expected(DocumentOrder order, boolean heldOut) throws IOException {
    Map<Long, String> texts = new TreeMap<>();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(BundledCorpus.open(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode document = new ObjectMapper().readTree(line);
        String id = document.get("id").textValue();
        if (order.isHeldOut(id) == heldOut)
          texts.put(order.position(id), Normalizer.normalize(document.get("text").textValue()));
      }
    }
    List<String> all = new ArrayList<>(texts.values());
    return Tokenizer.END_OF_TEXT + String.join(Tokenizer.END_OF_TEXT, all) + Tokenizer.END_OF_TEXT;
  }
}
