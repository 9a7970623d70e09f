package dev.kindling.jobs.model;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.tokenizer.HubTokenizer;
import dev.kindling.train.generate.Generation;
import dev.kindling.train.generate.Generator;
import dev.kindling.train.generate.Sampler;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.tensor.Precision;
import java.util.Collections;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * A T5 of a folder, ready to write: reads a text as its tokenizer's file has it, end token and all, and writes another. For one
 * thread at a time.
 */
public final class TextToText implements AutoCloseable {
  private final Kernels kernels;
  private final T5Model model;
  private final HubTokenizer tokenizer;
  private final List<Integer> endTokens;

  private TextToText(Kernels kernels, T5Model model, HubTokenizer tokenizer, List<Integer> endTokens) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
    this.endTokens = endTokens;
  }

  /** @param folder a T5's, closed here; @throws UserError naming a file that is missing or damaged */
  public static TextToText open(ModelFolder folder, Precision precision, int threads) {
    try (folder) {
      String json = folder.tokenizerJson().orElseThrow(() -> new UserError(
          "model " + folder.path() + " has no " + ModelFolder.TOKENIZER + "; text cannot be told to it without one"));
      HubTokenizer tokenizer = HubTokenizer.parse(json, new Path(folder.path(), ModelFolder.TOKENIZER).toString(),
          Integer.MAX_VALUE);
      Kernels kernels = NativeCache.loading(() -> KernelLibraries.best(threads));
      try {
        T5Model model = T5Model.load((T5Config) folder.config(), folder.weights(), kernels, precision);
        return new TextToText(kernels, model, tokenizer, folder.endTokens());
      } catch (RuntimeException e) {
        kernels.close();
        tokenizer.close();
        throw e;
      }
    }
  }

  /** @param samples how many texts are wanted; @param tokens of each at most; @throws UserError where the text has no token */
  public List<String> write(String text, int samples, int tokens, Sampler sampler) {
    int[] read = tokenizer.encode(text).ids();
    List<Generation> written = Generator.write(model, Collections.nCopies(samples, read), tokens, endTokens, sampler);
    return written.stream().map(one -> tokenizer.decode(one.ids())).toList();
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
    kernels.close();
  }
}
