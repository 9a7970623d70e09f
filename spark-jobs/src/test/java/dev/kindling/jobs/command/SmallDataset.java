package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/** A corpus of 60 short documents, its dataset and an untrained model over its vocabulary. */
final class SmallDataset {
  static final int SEQUENCE = 16;
  static final int VOCABULARY = 280;

  private SmallDataset() {
  }

  static Path corpus(Path folder) throws IOException {
    String lines = IntStream.range(0, 60)
        .mapToObj(i -> "{\"id\":\"" + i + "\",\"text\":\"Fellow citizens, year " + i + " was good and year " + (i + 1)
            + " will be.\"}\n")
        .collect(Collectors.joining());
    return Files.writeString(folder.resolve("corpus.jsonl"), lines);
  }

  /** Runs {@code prep}. @return the dataset's folder */
  static Path prepare(Path folder) throws IOException {
    Path data = folder.resolve("data");
    Ended ended = Ended.of("prep", "--in", corpus(folder).toString(), "--out", data.toString(), "--set",
        "vocabularySize=" + VOCABULARY,
        "--set", "sequenceLength=" + SEQUENCE, "--set", "heldOutPercent=20");
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    return data;
  }

  /** A model with fresh weights and the dataset's tokenizer. @return its folder */
  static Path model(Path folder, Path data) throws IOException {
    Configuration conf = new Configuration();
    Path model = folder.resolve("model");
    Tokenizer tokenizer = Tokenizer.load(conf, new org.apache.hadoop.fs.Path(data.toString()));
    Gpt2Config config = Gpt2Config.of(tokenizer.vocabularySize(), SEQUENCE, 16, 2, 2)
        .withEndOfText(tokenizer.endOfText());
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel fresh = DecoderModel.create(config, kernels, Precision.FLOAT32, 7)) {
      ModelFolderWriter.export(conf, new org.apache.hadoop.fs.Path(model.toString()), config, fresh.weightSource(),
          tokenizer.json(),
          ElementType.F32);
    }
    return model;
  }

  /** Trains a tiny model for two steps. @param settings more words of the command line, after the dataset's and the run's */
  static Ended pretrain(Path data, Path run, String... settings) {
    List<String> words = new ArrayList<>(
        List.of("pretrain", "--data", data.toString(), "--set", "run=" + run, "--set", "train.steps=2", "--set",
            "model.width=16", "--set", "model.heads=2", "--set", "model.layers=1"));
    words.addAll(List.of(settings));
    return Ended.of(words.toArray(String[]::new));
  }
}
