package dev.kindling.data.job;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Example;
import dev.kindling.data.corpus.LabelFields;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.pack.RowCut;
import dev.kindling.data.tokenizer.TokenizerKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What {@link PrepJob} is to do.
 *
 * @param inputs what to read
 * @param maxRejectedPercent of all records may be none that can be read, and of the bytes of all files may be in those that cannot be
 *     read to their end; 0: the first one fails the job
 * @param stages what is done to the documents before they are tokens, in order; none: they are only normalised
 * @param output folder of the dataset, on any Hadoop file system; empty or missing
 * @param tokenizer a {@code tokenizer.json} to use, or a folder with one; empty: one is trained on the training documents
 * @param vocabularySize ids of the tokenizer that is trained; not looked at where one is given
 * @param sequenceLength inputs of a row
 * @param heldOutPercent of the documents that neither training nor tokenizer see; chosen by a hash of their ids
 * @param seed another seed holds other documents out and puts them in another order
 * @param packing how documents become rows
 * @param chatTemplate of examples: a template's file, or a folder with one; empty: the tokenizer's folder
 * @param tokenizerKind of the tokenizer that is trained
 */
public record PrepOptions(List<CorpusSource> inputs, double maxRejectedPercent, List<PrepStage> stages, String output,
    Optional<String> tokenizer, int vocabularySize, int sequenceLength, double heldOutPercent, long seed,
    Packing packing, Optional<String> chatTemplate, TokenizerKind tokenizerKind) {
  public PrepOptions {
    inputs = List.copyOf(inputs);
    stages = List.copyOf(stages);
    require(!inputs.isEmpty(), "input", "empty", "at least one path");
    require(maxRejectedPercent >= 0 && maxRejectedPercent <= 100, "maxRejectedPercent", maxRejectedPercent, "0 to 100");
    require(!output.isBlank(), "output", "'" + output + "'", "a folder");
    require(tokenizer.isPresent() || vocabularySize >= tokenizerKind.smallest() && vocabularySize <= 1 << 20,
        "vocabularySize",
        vocabularySize, tokenizerKind.smallest() + " to 1048576");
    require(heldOutPercent >= 0 && heldOutPercent < 100, "heldOutPercent", heldOutPercent, "at least 0 and below 100");
    new RowCut(sequenceLength);
    boolean examples = packing.isOfExamples();
    require(!examples || tokenizer.isPresent(), "packing", packing.label(),
        "concatenate or best-fit where no tokenizer is given; examples are for a model that has one: name it with tokenizer");
    require(packing.isSaid() || chatTemplate.isEmpty(), "chatTemplate", chatTemplate.orElse(""),
        "left out unless packing is prompt-completion or preference");
    if (examples)
      inputs = inputs.stream().map(input -> input.ofExamples(Example.Kind.valueOf(packing.name()))).toList();
    for (CorpusSource input : inputs) verifyLabels(input, inputs.get(0), packing);
  }

  private static void verifyLabels(CorpusSource input, CorpusSource first, Packing packing) {
    LabelFields labels = input.fields().labels();
    boolean read = packing == Packing.CLASSIFICATION;
    String allowed = "left out unless packing is classification";
    require(read || labels.pair().isEmpty(), "pairField", labels.pair(), allowed);
    require(read || labels.label().equals(LabelFields.USUAL.label()), "labelField", labels.label(), allowed);
    require(read || labels.kind() == LabelKind.CLASS, "labelKind", labels.kind().label(), allowed);
    require(labels.kind() != LabelKind.TAGS, "labelKind", labels.kind().label(),
        "class, classes or number; a label for each word is packing token-classification");
    boolean tagged = packing == Packing.TOKEN_CLASSIFICATION;
    String elsewhere = "left out unless packing is token-classification";
    require(tagged || labels.words().equals(LabelFields.USUAL.words()), "wordsField", labels.words(), elsewhere);
    require(tagged || labels.tags().equals(LabelFields.USUAL.tags()), "tagsField", labels.tags(), elsewhere);
    require(labels.kind() == first.fields().labels().kind(), "labelKind", labels.kind().label(),
        "the same for all inputs");
  }

  /** What texts are labelled with, where they are. */
  LabelKind labelKind() {
    return packing == Packing.TOKEN_CLASSIFICATION ? LabelKind.TAGS : inputs.get(0).fields().labels().kind();
  }

  /** Documents that are one stream. */
  public PrepOptions(List<CorpusSource> inputs, double maxRejectedPercent, List<PrepStage> stages, String output,
      Optional<String> tokenizer, int vocabularySize, int sequenceLength, double heldOutPercent, long seed) {
    this(inputs, maxRejectedPercent, stages, output, tokenizer, vocabularySize, sequenceLength, heldOutPercent, seed,
        Packing.CONCATENATE, Optional.empty());
  }

  /** A byte-level tokenizer, where one is trained. */
  public PrepOptions(List<CorpusSource> inputs, double maxRejectedPercent, List<PrepStage> stages, String output,
      Optional<String> tokenizer, int vocabularySize, int sequenceLength, double heldOutPercent, long seed,
      Packing packing, Optional<String> chatTemplate) {
    this(inputs, maxRejectedPercent, stages, output, tokenizer, vocabularySize, sequenceLength, heldOutPercent, seed,
        packing, chatTemplate, TokenizerKind.BYTE_LEVEL);
  }

  /** One input, read strictly and only normalised. */
  public PrepOptions(CorpusSource corpus, String output, Optional<String> tokenizer, int vocabularySize,
      int sequenceLength, double heldOutPercent, long seed) {
    this(List.of(corpus), 0, List.of(), output, tokenizer, vocabularySize, sequenceLength, heldOutPercent, seed);
  }

  /** Vocabulary 2,048, rows of 128, 6% of the documents held out: what the demo does. */
  public static PrepOptions of(CorpusSource corpus, String output) {
    return new PrepOptions(corpus, output, Optional.empty(), 2048, 128, 6, 1);
  }

  /** With one more stage behind the others. */
  PrepOptions followedBy(PrepStage stage) {
    List<PrepStage> more = new ArrayList<>(stages);
    more.add(stage);
    return new PrepOptions(inputs, maxRejectedPercent, more, output, tokenizer, vocabularySize, sequenceLength,
        heldOutPercent, seed, packing, chatTemplate, tokenizerKind);
  }

  /** @return whether the first record that cannot be read fails the job */
  boolean strict() {
    return maxRejectedPercent == 0;
  }

  /** The settings that decide what comes out, in a user's words; where it is written is not among them. */
  Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>();
    for (CorpusSource input : inputs)
      readingSettings(input).forEach((key, value) -> settings
          .put(inputs.size() == 1 ? key : "input." + input.name() + "." + key, value));
    if (!strict()) settings.put("maxRejectedPercent", String.valueOf(maxRejectedPercent));
    for (PrepStage stage : stages) settings.put(stage.name(), stage.settings());
    if (packing != Packing.CONCATENATE) settings.put("packing", packing.label());
    settings.put("sequenceLength", String.valueOf(sequenceLength));
    settings.put("heldOutPercent", String.valueOf(heldOutPercent));
    settings.put("seed", String.valueOf(seed));
    if (tokenizer.isEmpty()) settings.put("vocabularySize", String.valueOf(vocabularySize));
    if (tokenizer.isEmpty() && tokenizerKind != TokenizerKind.BYTE_LEVEL)
      settings.put("tokenizerKind", tokenizerKind.toString());
    return settings;
  }

  /** What decides which records come out of the inputs' files. */
  String readingSettings() {
    StringBuilder all = new StringBuilder().append(strict());
    for (CorpusSource input : inputs) all.append('\n').append(input.name()).append(readingSettings(input));
    return all.toString();
  }

  private static Map<String, String> readingSettings(CorpusSource input) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("format", input.format().name());
    settings.put("textField", input.fields().text());
    settings.put("idField", input.fields().id());
    if (!input.name().equals(CorpusSource.NAME)) settings.put("name", input.name());
    if (!input.fields().source().isEmpty()) settings.put("sourceField", input.fields().source());
    if (input.fields().examples() != Example.Kind.NONE) settings.put("examples", input.fields().examples().name());
    if (input.fields().examples() == Example.Kind.CLASSIFICATION) {
      LabelFields labels = input.fields().labels();
      if (!labels.pair().isEmpty()) settings.put("pairField", labels.pair());
      settings.put("labelField", labels.label());
      settings.put("labelKind", labels.kind().label());
    }
    if (input.fields().examples() == Example.Kind.TOKEN_CLASSIFICATION) {
      settings.put("wordsField", input.fields().labels().words());
      settings.put("tagsField", input.fields().labels().tags());
    }
    if (!input.separator().isEmpty()) settings.put("separator", input.separator());
    if (input.maxDocumentBytes() != CorpusSource.MAX_DOCUMENT_BYTES)
      settings.put("maxDocumentBytes", String.valueOf(input.maxDocumentBytes()));
    return settings;
  }
}
