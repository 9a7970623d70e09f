package dev.kindling.jobs.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.jobs.lineage.DocumentLineage;
import dev.kindling.jobs.lineage.LineageTables;
import dev.kindling.jobs.lineage.StepLineage;
import dev.kindling.jobs.lineage.TracedRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** From a step to its documents, and from documents to the steps and checkpoints that saw them. */
@Command(name = "lineage", header = "Say which documents a step of a run read, and which steps and checkpoints saw a document", description = {
    "",
    "The order of the data is a function of the run's seed, so this is known of every step, and nothing is kept while it trains. "
        + "A document is told with its file and its place there: the byte offset of its line, or its row in a Parquet file.",
    ""}, footer = {"", "Examples:", "  kindling lineage --run runs/books --step 812",
        "  kindling lineage --run runs/books --step 812 --json",
        "  kindling lineage --run runs/books --document books.jsonl@45120",
        "  kindling lineage --run runs/books --forget leaked.jsonl 'books.jsonl@45120'",
        "  kindling lineage --run runs/books --tables      # lineage/sequences and lineage/checkpoints, for Spark SQL"})
final class LineageCommand implements Callable<Integer> {
  private static final int MOST_STEPS = 20;                // in a line

  @Option(names = "--run", required = true, paramLabel = "DIR", description = "A run's folder.")
  private String folder;

  @ArgGroup(multiplicity = "1")
  private Question question;

  @Option(names = "--data", paramLabel = "DIR", description = "The run's dataset, where it is not where the run read it.")
  private String data;

  @Option(names = "--json", description = "The answer as JSON.")
  private boolean json;

  @Spec
  private CommandSpec spec;

  /** One at a time. */
  private static final class Question {
    @Option(names = "--step", paramLabel = "S", description = "What did this step read? Steps are counted from 1.")
    private Long step;

    @Option(names = "--document", paramLabel = "ID", description = "Which steps and which checkpoints saw this document?")
    private String document;

    @Option(names = "--forget", arity = "1..*", paramLabel = "FILE|ID", description = "Which checkpoints have learned from these, and which is the newest that has not? A file is FILE or SOURCE: FILE.")
    private List<String> forget;

    @Option(names = "--tables", description = "Write the lineage of all steps as Parquet tables into the run's folder.")
    private boolean tables;
  }

  @Override
  public Integer call() throws IOException {
    Configuration conf = HadoopFiles.configuration();
    TracedRun run = TracedRun.open(conf, new Path(folder), Optional.ofNullable(data));
    PrintWriter out = spec.commandLine().getOut();
    if (question.step != null) {
      step(StepLineage.of(conf, run, question.step), run, out);
    } else {
      try (Sessions.Opened spark = Sessions.open("lineage")) {
        DocumentLineage documents = new DocumentLineage(spark.session(), run);
        if (question.document != null) document(documents.document(question.document), run, out);
        else if (question.forget != null) forget(documents.forget(question.forget), run, out);
        else tables(new LineageTables(spark.session(), run).write(), run, out);
      }
    }
    out.flush();
    return 0;
  }

  private void step(StepLineage lineage, TracedRun run, PrintWriter out) {
    boolean saved = lineage.step() <= run.trained();
    if (json) {
      ObjectNode all = about(run).put("step", lineage.step()).put("saved", saved);
      ArrayNode sequences = all.putArray("sequences");
      lineage.sequences().forEach(sequence -> sequences.add(json(sequence)));
      print(all, out);
      return;
    }
    out.printf("step %,d of %s: %d sequences of %s%s%n", lineage.step(), run.folder(), lineage.sequences().size(),
        run.data(),
        saved ? "" : String.format("; the newest checkpoint is of step %,d: it has not seen them", run.trained()));
    for (StepLineage.Sequence sequence : lineage.sequences()) {
      out.printf("virtual rank %d, sample %d: row %d (%s%s)%n", sequence.virtualRank(), sequence.sample(),
          sequence.row(), run.datasets().isMixed() ? sequence.dataset() + "/" : "", sequence.shard());
      for (StepLineage.Stretch each : sequence.stretches()) {
        String origin = each.origin().filter(known -> !known.place().equals(each.document()))
            .map(known -> " (" + known + ")").orElse("");
        out.printf("  tokens %d-%d: %s%s%s%n", each.start(), each.end(), each.document(), origin,
            each.characters().map(c -> ", characters " + c.from() + "-" + c.to()).orElse(""));
      }
    }
  }

  private static ObjectNode json(StepLineage.Sequence sequence) {
    ObjectNode all = Json.object().put("virtualRank", sequence.virtualRank()).put("sample", sequence.sample())
        .put("dataset", sequence.dataset()).put("row", sequence.row()).put("shard", sequence.shard());
    ArrayNode documents = all.putArray("documents");
    for (StepLineage.Stretch each : sequence.stretches()) {
      ObjectNode stretch = documents.addObject().put("document", each.document());
      each.origin().ifPresent(origin -> stretch.put("source", origin.source()).put("file", origin.file())
          .put("position", origin.position()));
      stretch.put("start", each.start()).put("end", each.end());
      each.characters().ifPresent(c -> stretch.put("character", c.from()).put("characterEnd", c.to()));
    }
    return all;
  }

  private void document(DocumentLineage.Seen seen, TracedRun run, PrintWriter out) {
    List<TracedRun.Saved> saw = seen.steps().isEmpty() ? List.of() : run.seenBy(seen.steps().first());
    if (json) {
      ObjectNode all = about(run).put("document", seen.document());
      all.put("heldOut", seen.rows().isEmpty());
      ArrayNode datasets = all.putArray("datasets"), rows = all.putArray("rows"), steps = all.putArray("steps");
      seen.datasets().forEach(datasets::add);
      seen.rows().forEach(rows::add);
      seen.steps().forEach(steps::add);
      all.set("checkpoints", json(saw));
      print(all, out);
      return;
    }
    if (seen.rows().isEmpty()) {
      out.printf("%s is held out: no step learns from it%n", seen.document());
    } else if (seen.steps().isEmpty()) {
      out.printf("%s is in %s; no step up to %,d, the newest checkpoint's, has read it%n", seen.document(),
          rows(seen.rows()), run.trained());
    } else {
      out.printf("%s is in %s%s, read in %s%n", seen.document(), rows(seen.rows()),
          run.datasets().isMixed() ? " of " + String.join(" and of ", seen.datasets()) : "", steps(seen));
      checkpoints("checkpoints that saw it", saw, out);
    }
  }

  private static String rows(List<Long> rows) {
    return rows.size() == 1 ? "row " + rows.get(0) : rows.size() + " rows from " + rows.get(0);
  }

  private static String steps(DocumentLineage.Seen seen) {
    String named = seen.steps().stream().limit(MOST_STEPS).map(String::valueOf).collect(Collectors.joining(", "));
    int more = seen.steps().size() - MOST_STEPS;
    return (seen.steps().size() == 1 ? "step " : "steps ") + named + (more > 0 ? " and " + more + " more" : "");
  }

  private void forget(List<DocumentLineage.Forgotten> all, TracedRun run, PrintWriter out) {
    OptionalLong first = all.stream().flatMapToLong(each -> each.firstStep().stream()).min();
    List<TracedRun.Saved> affected = first.isPresent() ? run.seenBy(first.getAsLong()) : List.of();
    Optional<TracedRun.Saved> clean = run.newestBefore(first.orElse(Long.MAX_VALUE));
    if (json) {
      ObjectNode answer = about(run);
      ArrayNode names = answer.putArray("forget");
      for (DocumentLineage.Forgotten each : all) {
        ObjectNode name = names.addObject().put("name", each.name()).put("documents", each.documents());
        each.firstStep().ifPresent(step -> name.put("firstStep", step));
      }
      answer.set("affected", json(affected));
      clean.ifPresent(saved -> answer.set("newestClean", json(List.of(saved)).get(0)));
      print(answer, out);
      return;
    }
    for (DocumentLineage.Forgotten each : all) {
      String documents = each.documents() == 1 ? "1 document" : String.format("%,d documents", each.documents());
      String read = each.firstStep().isPresent()
          ? String.format("first read in step %,d", each.firstStep().getAsLong())
          : "not read up to the newest checkpoint";
      out.printf("%s: %s%n", each.name(), each.documents() == 0 ? "held out" : documents + ", " + read);
    }
    checkpoints("affected checkpoints", affected, out);
    out.println(clean.map(saved -> "newest clean checkpoint: " + line(saved))
        .orElse("no checkpoint is clean: a new run on a dataset without them is needed"));
  }

  private static void checkpoints(String title, List<TracedRun.Saved> all, PrintWriter out) {
    out.println(title + (all.isEmpty() ? ": none" : ":"));
    all.forEach(saved -> out.println("  " + line(saved)));
  }

  private static String line(TracedRun.Saved saved) {
    return String.format("step %,d, %s", saved.step(), saved.path());
  }

  private void tables(Path written, TracedRun run, PrintWriter out) {
    if (json) print(about(run).put("tables", written.toString()).put("steps", run.trained()), out);
    else out.printf("%s: sequences and checkpoints of %,d steps%n", written, run.trained());
  }

  private static ObjectNode about(TracedRun run) {
    return Json.object().put("run", run.folder().toString()).put("dataset", run.data())
        .put("fingerprint", run.info().fingerprint());
  }

  private static ArrayNode json(List<TracedRun.Saved> checkpoints) {
    ArrayNode all = Json.array();
    for (TracedRun.Saved saved : checkpoints)
      all.addObject().put("step", saved.step()).put("attempt", saved.attempt()).put("path", saved.path());
    return all;
  }

  private static void print(ObjectNode all, PrintWriter out) {
    out.print(new String(Json.bytes(all), StandardCharsets.UTF_8));
  }
}
