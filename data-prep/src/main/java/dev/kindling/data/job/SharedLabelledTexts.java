package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.tokenizer.TextFrame;
import dev.kindling.data.tokenizer.Tokenizer;
import java.util.Map;
import java.util.Optional;

/** Labelled texts: the tokenizer travels as its file and is built once in each executor. */
final class SharedLabelledTexts implements SharedExamples {
  private static final long serialVersionUID = 1L;

  private final SharedTokenizer tokenizer;
  private final int longest;
  private final LabelKind kind;
  private final LabelNumbers numbers;
  private transient TextFrame frame;

  /** @param longest tokens of a text or a pair, special ones included; @throws UserError where special tokens leave no room */
  SharedLabelledTexts(Tokenizer tokenizer, int longest, LabelKind kind) {
    this(new SharedTokenizer(tokenizer), longest, kind, LabelNumbers.NONE);
    int special = frame().added(true);
    if (special + 2 > longest)
      throw new UserError("sequenceLength is " + longest + "; it must be at least " + (special + 2)
          + ", as the tokenizer puts " + special + " special tokens around a pair of texts");
  }

  private SharedLabelledTexts(SharedTokenizer tokenizer, int longest, LabelKind kind, LabelNumbers numbers) {
    this.tokenizer = tokenizer;
    this.longest = longest;
    this.kind = kind;
    this.numbers = numbers;
  }

  @Override
  public SharedExamples knowing(DatasetLabels labels) {
    return new SharedLabelledTexts(tokenizer, longest, kind, new LabelNumbers(labels.names()));
  }

  private synchronized TextFrame frame() {
    if (frame == null) frame = TextFrame.of(tokenizer.get());
    return frame;
  }

  @Override
  public EncodedDocument encode(CleanDocument document) {
    LabelledText labelled = LabelledText.parse(document.text()).orElseThrow();
    int[] first = tokenizer.get().encodeOrdinary(labelled.text());
    int[] second = labelled.pair() == null ? null : tokenizer.get().encodeOrdinary(labelled.pair());
    String all = second == null ? labelled.text() : labelled.text() + " " + labelled.pair();
    return EncodedDocument.of(document, all, frame().of(first, second, longest), labels(labelled));
  }

  private double[] labels(LabelledText labelled) {
    return kind == LabelKind.NUMBER
        ? new double[]{labelled.label().doubleValue()}
        : labelled.names().stream().mapToDouble(name -> numbers.of(name.text())).sorted().toArray();
  }

  @Override
  public Optional<String> refusal(String json) {
    Optional<LabelledText> labelled = LabelledText.parse(json);
    if (labelled.isEmpty()) return Optional.of("cleaning has left something that is no JSON any more");
    if (isEmpty(labelled.get().text())) return Optional.of("its text has no token");
    boolean noPair = labelled.get().pair() != null && isEmpty(labelled.get().pair());
    return noPair ? Optional.of("its second text has no token") : Optional.empty();
  }

  private boolean isEmpty(String text) {
    return text.isBlank() || tokenizer.get().encodeOrdinary(text).length == 0;
  }

  @Override
  public Map<String, String> settings() {
    return Map.of();
  }
}
