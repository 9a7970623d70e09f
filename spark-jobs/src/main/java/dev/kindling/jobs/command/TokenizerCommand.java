package dev.kindling.jobs.command;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.job.TokenizerJob;
import dev.kindling.data.job.TokenizerOptions;
import dev.kindling.data.tokenizer.TiktokenRanks;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.WordPattern;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.model.TokenizerPath;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tokenizers: training, and a look at what they do. */
@Command(name = "tokenizer", header = "Train or import a tokenizer, or see what one does to a text", footer = {"",
    "Examples:",
    "  kindling tokenizer train --in corpus.jsonl --out tokenizer --set vocabularySize=8192",
    "  kindling tokenizer train --in corpus.jsonl --out tokenizer --set kind=wordpiece --set vocabularySize=30522",
    "  kindling tokenizer import cl100k_base.tiktoken --pattern cl100k --special '<|endoftext|>=100257' --out gpt4",
    "  kindling tokenizer encode --tokenizer out/demo/data 'My fellow citizens'",
    "  kindling tokenizer decode --tokenizer out/demo/data 44 1206 305"})
final class TokenizerCommand implements Runnable {
  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(name = "train", header = "Train a tokenizer; writes a tokenizer.json", footer = {"",
      "Settings: input, format (jsonl, text, lines), textField, output, vocabularySize,",
      "  kind (byte-level; wordpiece, BERT's without capitals and accents; wordpiece-cased, with them; unigram, T5's)"})
  int train(@Mixin VerbOptions options,
      @Option(names = "--in", paramLabel = "PATH", description = "Files, folders or globs (setting input).") List<String> input,
      @Option(names = "--out", paramLabel = "DIR", description = "Where the tokenizer goes (setting output).") String output)
      throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Configuration configuration = options.read(HadoopFiles.configuration()).option("--in", "input", input)
        .option("--out", "output", output);
    TokenizerSettings settings = configuration.as(TokenizerSettings.class);
    TokenizerOptions training = configuration.located(settings::options);
    return Stoppable.run(spec.commandLine().getErr(),
        "tokenizer train was stopped, and has written nothing; the same command begins anew",
        () -> train(configuration, training, out));
  }

  private static int train(Configuration configuration, TokenizerOptions training, PrintWriter out) {
    try (Sessions.Opened spark = Sessions.open("tokenizer train")) {
      Tokenizer tokenizer = configuration.located(() -> TokenizerJob.run(spark.session(), training, out::println));
      out.printf("%s: %,d tokens%n", training.output(), tokenizer.vocabularySize());
    }
    return 0;
  }

  @Command(name = "import", header = "Make a tokenizer.json of a rank file of OpenAI's tiktoken")
  int importRanks(@Parameters(paramLabel = "FILE.tiktoken", description = "On any Hadoop file system.") String file,
      @Option(names = "--pattern", required = true, paramLabel = "NAME", description = "The expression that cuts words: gpt2, cl100k, llama3, qwen2, o200k.") String pattern,
      @Option(names = "--special", paramLabel = "TOKEN=ID", description = "A special token; may be given many times.") Map<String, Integer> special,
      @Option(names = "--out", required = true, paramLabel = "DIR", description = "A folder without a tokenizer.") String output)
      throws IOException {
    WordPattern words = WordPattern.named(pattern).orElseThrow(
        () -> new UserError("--pattern is " + pattern + "; it must be one of " + WordPattern.names()));
    Path folder = new Path(output);
    FileSystem files = folder.getFileSystem(HadoopFiles.configuration());
    UserError.require(!files.exists(new Path(folder, Tokenizer.FILE)), "--out", output, "a folder without a tokenizer");
    Tokenizer tokenizer = TiktokenRanks.read(text(new Path(file)), file, words, special == null ? Map.of() : special);
    try (OutputStream to = files.create(new Path(folder, Tokenizer.FILE), false)) {
      to.write(tokenizer.json().getBytes(StandardCharsets.UTF_8));
    }
    spec.commandLine().getOut().printf("%s: %,d tokens%n", output, tokenizer.vocabularySize());
    return 0;
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = file.getFileSystem(HadoopFiles.configuration()).open(file)) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (FileNotFoundException e) {
      throw new UserError("there is no file " + file, e);
    }
  }

  @Command(name = "encode", header = "Show the ids of a text")
  int encode(
      @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = "A tokenizer.json, a folder that holds one, or a run's.") String path,
      @Parameters(arity = "0..1", paramLabel = "TEXT", description = "Without it, standard input.") String text)
      throws IOException {
    Tokenizer tokenizer = tokenizer(path);
    String whole = text != null ? text : new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    PrintWriter out = spec.commandLine().getOut();
    out.println(Arrays.stream(tokenizer.encode(whole)).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
    return 0;
  }

  @Command(name = "decode", header = "Show the text of ids")
  int decode(
      @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = "A tokenizer.json, a folder that holds one, or a run's.") String path,
      @Parameters(arity = "0..*", paramLabel = "ID", description = "Without any, standard input.") List<String> ids)
      throws IOException {
    Tokenizer tokenizer = tokenizer(path);
    List<String> given = ids != null
        ? ids
        : List.of(new String(System.in.readAllBytes(), StandardCharsets.UTF_8).strip().split("\\s+"));
    spec.commandLine().getOut().println(tokenizer.decode(given.stream().mapToInt(TokenizerCommand::id).toArray()));
    return 0;
  }

  private static Tokenizer tokenizer(String named) {
    var conf = HadoopFiles.configuration();
    return Tokenizer.load(conf, TokenizerPath.resolve(conf, named));
  }

  private static int id(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new UserError("token id \"" + text + "\" is not a number; ids are whole numbers from 0 on", e);
    }
  }
}
