package dev.kindling.train.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.gguf.GgufType;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Where llama.cpp picked another token after the same text. @param gap between our logits of our token and of its */
record Parting(int prompt, int at, double gap) {

  /** After a parting llama.cpp goes on from our text, token by token the same prefix for both. */
  static List<Parting> all(ExportedModel exported, GgufType type, List<int[]> prompts, List<Generation> ours)
      throws IOException {
    List<Parting> partings = new ArrayList<>();
    try (LlamaCpp llama = exported.llamaCpp("named", type);
        Kernels kernels = KernelLibraries.best(1);
        DecoderModel model = exported.open(kernels)) {
      for (int p = 0; p < prompts.size(); p++) {
        int[] text = ours.get(p).after(prompts.get(p));
        int at = prompts.get(p).length;
        while (at < text.length) {
          int[] theirs = llama.continued(Arrays.copyOf(text, at), text.length - at);
          assertThat(theirs).as("what llama.cpp says after %d tokens of prompt %d", at, p).hasSize(text.length - at);
          int same = Arrays.mismatch(theirs, Arrays.copyOfRange(text, at, text.length));
          if (same < 0) break;
          at += same;
          partings.add(new Parting(p, at, gap(model, Arrays.copyOf(text, at), text[at], theirs[same])));
          at++;
        }
      }
    }
    return partings;
  }

  private static double gap(LanguageModel model, int[] text, int picked, int other) {
    try (LanguageModel.Sequence sequence = model.newSequence(text.length)) {
      float[] logits = sequence.append(text);
      return Math.abs((double) logits[picked] - logits[other]);
    }
  }
}
