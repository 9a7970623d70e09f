package dev.kindling.jobs.command;

import dev.kindling.data.clean.CleanSettings;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.LabelFields;
import dev.kindling.data.decontaminate.DecontaminationSettings;
import dev.kindling.data.dedup.DedupSettings;
import dev.kindling.data.dedup.NearSettings;
import dev.kindling.data.dedup.ParagraphSettings;
import dev.kindling.data.job.CorpusStep;
import dev.kindling.data.job.Decontamination;
import dev.kindling.data.job.EvaluationFiles;
import dev.kindling.data.job.NearDuplicates;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.job.PrepStage;
import dev.kindling.data.job.Priority;
import dev.kindling.data.job.RepeatedParagraphs;
import dev.kindling.data.job.RuleStep;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.tokenizer.TokenizerKind;
import dev.kindling.jobs.config.Differences;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What {@code kindling prep} is to do; {@link PrepOptions} and {@link CorpusSource} say what each setting means.
 *
 * @param input files, folders or globs, or sections that name an input
 * @param sourceField and what stands before it from {@code format} on hold for all inputs that do not say otherwise; so do
 *        {@code pairField}, {@code labelField}, {@code wordsField} and {@code tagsField}
 */
record PrepSettings(List<InputSettings> input, CorpusFormat format, String textField, String idField,
    String sourceField, String pairField, String labelField, LabelKind labelKind, String wordsField, String tagsField,
    String separator,
    int maxDocumentBytes, double maxRejectedPercent, CleanSettings clean,
    DedupSettings dedup, DecontaminationSettings decontaminate, String output,
    Optional<String> tokenizer, int vocabularySize, int sequenceLength, double heldOutPercent, long seed,
    Packing packing, Optional<String> chatTemplate, TokenizerKind tokenizerKind) {
  static PrepSettings defaults() {
    return new PrepSettings(null, CorpusFormat.JSONL, "text", "id", "", "", "label", LabelKind.CLASS,
        LabelFields.USUAL.words(), LabelFields.USUAL.tags(), "",
        CorpusSource.MAX_DOCUMENT_BYTES, 0,
        CleanSettings.defaults(), DedupSettings.defaults(), DecontaminationSettings.defaults(), null,
        Optional.empty(), 16_384, 1024, 1, 1, Packing.CONCATENATE, Optional.empty(), TokenizerKind.BYTE_LEVEL);
  }

  /** @param tokenizerFile finds the file of what is named as tokenizer */
  PrepOptions options(UnaryOperator<String> tokenizerFile) {
    return new PrepOptions(inputs(), maxRejectedPercent, stages(), output, tokenizer.map(tokenizerFile), vocabularySize,
        sequenceLength,
        heldOutPercent, seed, packing, chatTemplate, tokenizerKind);
  }

  /** Of what is turned on. */
  private List<PrepStage> stages() {
    List<PrepStage> stages = new ArrayList<>();
    if (!clean.rules().isEmpty())
      stages.add(new PrepStage(PrepStage.CLEAN, RuleStep.of(clean), Differences.of(clean, CleanSettings.defaults())));
    Priority priority = new Priority(inputs().stream().map(CorpusSource::name).toList());
    for (CorpusStep step : priority.steps(dedup))
      stages.add(new PrepStage(step.name(), List.of(step), settings(step, priority)));
    if (decontaminate.isOn()) stages.add(decontamination());
    return stages;
  }

  /** Which document stays depends on the order of the inputs. */
  private static String settings(CorpusStep step, Priority priority) {
    String own = "";
    if (step instanceof NearDuplicates near) own = Differences.of(near.settings(), NearSettings.defaults());
    if (step instanceof RepeatedParagraphs repeated)
      own = Differences.of(repeated.settings(), ParagraphSettings.defaults());
    String first = priority.sources().size() > 1 ? "inputs=" + String.join(",", priority.sources()) : "";
    String all = own + (own.isEmpty() || first.isEmpty() ? "" : ", ") + first;
    return all.isEmpty() ? "on" : all;
  }

  /** What was found in the files decides what the stage does, not where they lie. */
  private PrepStage decontamination() {
    EvaluationFiles files = EvaluationFiles.read(HadoopFiles.configuration(), decontaminate);
    Decontamination step = new Decontamination(files, decontaminate.action());
    String settings = String.format("words=%d, fewestWords=%d, action=%s, evaluation=%s", decontaminate.words(),
        decontaminate.fewestWords(), decontaminate.action(), files.sha256());
    return new PrepStage(step.name(), List.of(step), settings);
  }

  /** Paths without a name are one input, the first. */
  private List<CorpusSource> inputs() {
    List<String> plain = input.stream().filter(InputSettings::isPlain).flatMap(one -> one.path().get().stream())
        .toList();
    CorpusSource usual = new CorpusSource(CorpusSource.NAME, plain.isEmpty() ? List.of("*") : plain, format,
        new CorpusSource.Fields(textField, idField, sourceField)
            .with(new LabelFields(pairField, labelField, labelKind, wordsField, tagsField)),
        separator, maxDocumentBytes);
    List<CorpusSource> inputs = new ArrayList<>();
    if (!plain.isEmpty()) inputs.add(usual);
    for (InputSettings one : input) if (!one.isPlain()) inputs.add(one.source(usual));
    return inputs;
  }
}
