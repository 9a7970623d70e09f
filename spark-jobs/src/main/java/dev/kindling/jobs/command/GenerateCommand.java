package dev.kindling.jobs.command;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.tokenizer.TextStream;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.model.ModelPath;
import dev.kindling.jobs.model.TextToText;
import dev.kindling.jobs.model.TrainedModel;
import dev.kindling.train.generate.Generator;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Continues prompts, or writes what T5 makes of them. */
@Command(name = "generate", header = "Let a model write", description = {"",
    "Continues prompts with a checkpoint of Kindling's or a decoder's folder in Hugging Face's layout. A t5 reads each prompt "
        + "whole and writes a text of its own, which alone is printed.",
    ""}, footer = {
        "", "Examples:", "  kindling generate --model out/demo/run --prompt 'My fellow citizens,'",
        "  kindling generate --model out/demo/run --prompt 'The war' --tokens 60 --set temperature=0  # the likeliest text",
        "  kindling generate --model runs/t5 --prompt 'The <extra_id_0> of the Union' --set temperature=0",
        "  kindling generate generate.yaml --set topK=40 --set samples=3", "",
        "Settings: model, prompts, samples, tokens, temperature, topK, topP, seed, precision (float32, bf16), threads"})
final class GenerateCommand implements Callable<Integer> {
  @Mixin
  private VerbOptions options;

  @Option(names = "--model", paramLabel = "DIR", description = "A model's folder, or a run's (its newest checkpoint).")
  private String model;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "What the text begins with, or a t5 reads; may be repeated.")
  private List<String> prompts;

  @Option(names = "--average", description = ExportCommand.AVERAGE)
  private boolean average;

  @Option(names = "--tokens", paramLabel = "N", description = "New tokens at most (default 100).")
  private String tokens;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    var hadoop = HadoopFiles.configuration();
    Configuration configuration = options.read(hadoop)
        .option("--model", "model", model)
        .option("--tokens", "tokens", tokens)
        .option("--prompt", "prompts", prompts);
    GenerateSettings settings = configuration.as(GenerateSettings.class);
    int threads = settings.threads() > 0 ? settings.threads() : Runtime.getRuntime().availableProcessors();
    ModelFolder folder = configuration.located(() -> ModelPath.open(hadoop, settings.model(), average));
    PrintWriter out = spec.commandLine().getOut();
    if (folder.config() instanceof T5Config) {
      GenerateSettings ofT5 = configuration.located(settings::ofT5);
      try (TextToText model = TextToText.open(folder, settings.precision(), threads)) {
        answer(model, ofT5, out);
      }
      return 0;
    }
    try (TrainedModel trained = TrainedModel.open(folder, settings.precision(), threads)) {
      write(trained, settings, out);
    }
    return 0;
  }

  private static void answer(TextToText model, GenerateSettings settings, PrintWriter out) {
    for (String prompt : settings.prompts()) {
      List<String> texts = model.write(prompt, settings.samples(), settings.tokens(), settings.sampler());
      out.println(String.join("\n\n", texts));
    }
  }

  private static void write(TrainedModel trained, GenerateSettings settings, PrintWriter out) {
    Tokenizer tokenizer = trained.tokenizer();
    for (String prompt : settings.prompts()) {
      int[] ids = prompt.isEmpty() ? new int[]{tokenizer.endOfText()} : tokenizer.encode(prompt);
      List<int[]> copies = new ArrayList<>();
      for (int i = 0; i < settings.samples(); i++) copies.add(ids);
      TextStream[] texts = copies.stream().map(copy -> tokenizer.stream()).toArray(TextStream[]::new);
      int[] last = {-1};
      Generator.generate(trained.model(), copies, settings.tokens(), trained.folder().endTokens(), settings.sampler(),
          (sample, id) -> {
            if (sample != last[0]) {
              out.print(last[0] < 0 ? prompt : texts[last[0]].finish() + "\n\n" + prompt);
              last[0] = sample;
            }
            out.print(texts[sample].append(id));
            out.flush();
          });
      out.println(last[0] < 0 ? prompt : texts[last[0]].finish());
    }
  }
}
