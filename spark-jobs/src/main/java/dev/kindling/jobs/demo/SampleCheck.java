package dev.kindling.jobs.demo;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.evaluate.PackedDocuments;
import dev.kindling.jobs.model.TrainedModel;
import dev.kindling.train.evaluate.CopyCheck;
import dev.kindling.train.generate.FinishReason;
import dev.kindling.train.generate.Generation;
import dev.kindling.train.generate.Generator;
import dev.kindling.train.generate.Sampler;
import dev.kindling.train.model.LanguageModel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What the model writes, and whether it is language and its own.
 *
 * @param texts prompt and continuation: one of each prompt, and more where some ended early
 * @param tokens continued in all: at least {@code samples.tokens} for each prompt, unless the model has almost nothing to say
 * @param knownWords part of the continuations' whole words that occur in the corpus: a continuation that goes on with the
 *     prompt's last word counts with that word before it, and the word at which the limit of tokens cut a text does not count
 * @param longestCopy tokens of the longest run that stands in the training text, too
 */
record SampleCheck(List<String> texts, int tokens, double knownWords, int longestCopy) {
  /** So many texts of each prompt at most. */
  static final int MOST_ROUNDS = 20;

  static SampleCheck of(TrainedModel trained, DemoSettings.Samples settings, PackedDataset training,
      PackedDataset heldOut) {
    Tokenizer tokenizer = trained.tokenizer();
    List<int[]> learnt = PackedDocuments.of(training);
    List<String> corpus = new ArrayList<>();
    for (int[] document : learnt) corpus.add(tokenizer.decode(document));
    for (int[] document : PackedDocuments.of(heldOut)) corpus.add(tokenizer.decode(document));
    List<int[]> prompts = settings.prompts().stream().map(tokenizer::encode).toList();
    List<Generation> generations = drawn(trained.model(), prompts, settings, trained.folder().endTokens());
    List<String> texts = new ArrayList<>();
    List<String> own = new ArrayList<>();
    int longest = 0;
    for (int i = 0; i < generations.size(); i++) {
      int[] ids = generations.get(i).ids();
      String prompt = settings.prompts().get(i % prompts.size());
      String continuation = tokenizer.decode(ids);
      texts.add(prompt + continuation);
      own.add(wholeWords(prompt, continuation, generations.get(i).finishReason()));
      longest = Math.max(longest, CopyCheck.longestCopy(ids, learnt));
    }
    return new SampleCheck(texts, tokens(generations), CopyCheck.knownWords(own, corpus), longest);
  }

  /**
   * A text of each prompt; where some of them end early, more, of the prompts in turn and each with the next seed, until all
   * have as many tokens as were asked for. At temperature 0 there is only one text of a prompt.
   */
  static List<Generation> drawn(LanguageModel model, List<int[]> prompts, DemoSettings.Samples settings,
      Collection<Integer> endTokens) {
    int count = prompts.size();
    List<Generation> all = new ArrayList<>(Generator.generate(model, prompts, settings.tokens(), endTokens,
        settings.sampler(0)));
    while (settings.temperature() > 0 && tokens(all) < count * settings.tokens() && all.size() < MOST_ROUNDS * count) {
      Sampler next = settings.sampler(all.size() - count + 1);
      all.add(Generator.generate(model, prompts.get(all.size() % count), settings.tokens(), endTokens, next));
    }
    return all;
  }

  private static int tokens(List<Generation> generations) {
    return generations.stream().mapToInt(generation -> generation.tokens().size()).sum();
  }

  /** The text to judge, none of whose words is cut; a text that the model ended ends with a line feed, as its last word counts. */
  static String wholeWords(String prompt, String continuation, FinishReason reason) {
    String text = joined(prompt, continuation);
    return reason == FinishReason.STOP ? text + "\n" : text.replaceFirst("[\\p{L}\\p{M}'’\uFFFD]+\\z", "");
  }

  /** The continuation, with the prompt's last word before it where it goes on with that word. */
  private static String joined(String prompt, String continuation) {
    boolean withinWord = !continuation.isEmpty() && Character.isLetter(continuation.codePointAt(0));
    return withinWord ? prompt.substring(prompt.lastIndexOf(' ') + 1) + continuation : continuation;
  }
}
