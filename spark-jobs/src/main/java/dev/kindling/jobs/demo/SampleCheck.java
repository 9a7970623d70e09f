package dev.kindling.jobs.demo;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.evaluate.PackedDocuments;
import dev.kindling.jobs.model.TrainedModel;
import dev.kindling.train.evaluate.CopyCheck;
import dev.kindling.train.generate.Generation;
import dev.kindling.train.generate.Generator;
import dev.kindling.train.generate.Sampler;
import java.util.ArrayList;
import java.util.List;

/**
 * What the model writes, and whether it is language and its own.
 *
 * @param texts prompt and continuation
 * @param tokens continued in all
 * @param knownWords part of the continuations' words that occur in the corpus
 * @param longestCopy tokens of the longest run that stands in the training text, too
 */
record SampleCheck(List<String> texts, int tokens, double knownWords, int longestCopy) {
  static SampleCheck of(TrainedModel trained, DemoSettings.Samples settings, PackedDataset training,
      PackedDataset heldOut) {
    Tokenizer tokenizer = trained.tokenizer();
    List<int[]> learnt = PackedDocuments.of(training);
    List<String> corpus = new ArrayList<>();
    for (int[] document : learnt) corpus.add(tokenizer.decode(document));
    for (int[] document : PackedDocuments.of(heldOut)) corpus.add(tokenizer.decode(document));
    List<int[]> prompts = settings.prompts().stream().map(tokenizer::encode).toList();
    Sampler sampler = new Sampler(settings.temperature(), 0, 1, settings.seed());
    List<Generation> generations = Generator.generate(trained.model(), prompts, settings.tokens(),
        trained.folder().endTokens(), sampler);
    List<String> texts = new ArrayList<>();
    List<String> own = new ArrayList<>();
    int tokens = 0;
    int longest = 0;
    for (int i = 0; i < prompts.size(); i++) {
      int[] ids = generations.get(i).ids();
      String continuation = tokenizer.decode(ids);
      texts.add(settings.prompts().get(i) + continuation);
      own.add(joined(settings.prompts().get(i), continuation));
      tokens += ids.length;
      longest = Math.max(longest, CopyCheck.longestCopy(ids, learnt));
    }
    return new SampleCheck(texts, tokens, CopyCheck.knownWords(own, corpus), longest);
  }

  /** The continuation, with the prompt's last word before it where it goes on with that word. */
  private static String joined(String prompt, String continuation) {
    boolean withinWord = !continuation.isEmpty() && Character.isLetter(continuation.codePointAt(0));
    return withinWord ? prompt.substring(prompt.lastIndexOf(' ') + 1) + continuation : continuation;
  }
}
