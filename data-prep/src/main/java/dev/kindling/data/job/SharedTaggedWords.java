package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.WordFrame;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Texts each word of which has a label: its first token has it, the word's others and what is around the text have none (Devlin et al.
 * 2019, section 5.3). The tokenizer travels as its file and is built once in each executor.
 */
final class SharedTaggedWords implements SharedExamples {
  private static final long serialVersionUID = 1L;

  private final SharedTokenizer tokenizer;
  private final int longest;
  private final LabelNumbers numbers;
  private transient WordFrame frame;

  /** @param longest tokens of a text, special ones included; @throws UserError where special tokens leave no room */
  SharedTaggedWords(Tokenizer tokenizer, int longest) {
    this(new SharedTokenizer(tokenizer), longest, LabelNumbers.NONE);
    int special = frame().added();
    if (special + 1 > longest)
      throw new UserError("sequenceLength is " + longest + "; it must be at least " + (special + 1)
          + ", as the tokenizer puts " + special + " special tokens around a text");
  }

  private SharedTaggedWords(SharedTokenizer tokenizer, int longest, LabelNumbers numbers) {
    this.tokenizer = tokenizer;
    this.longest = longest;
    this.numbers = numbers;
  }

  @Override
  public SharedExamples knowing(DatasetLabels labels) {
    return new SharedTaggedWords(tokenizer, longest, new LabelNumbers(labels.names()));
  }

  private synchronized WordFrame frame() {
    if (frame == null) frame = WordFrame.of(tokenizer.get());
    return frame;
  }

  @Override
  public EncodedDocument encode(CleanDocument document) {
    TaggedWords tagged = TaggedWords.parse(document.text()).orElseThrow();
    WordFrame.Framed framed = frame().of(tagged.words(), longest);
    double[] labels = new double[framed.ids().length];
    Arrays.fill(labels, PackedRow.UNLABELLED);
    for (int i = 0; i < labels.length; i++)
      if (framed.begins(i)) labels[i] = numbers.of(tagged.tags().get(framed.words()[i]).text());
    return EncodedDocument.of(document, String.join(" ", tagged.words()), framed, labels);
  }

  @Override
  public Optional<String> refusal(String json) {
    Optional<TaggedWords> tagged = TaggedWords.parse(json);
    if (tagged.isEmpty()) return Optional.of("cleaning has left no list of words with a label each");
    return frame().hasTokens(tagged.get().words()) ? Optional.empty() : Optional.of("its words have no token");
  }

  @Override
  public Map<String, String> settings() {
    return Map.of();
  }
}
