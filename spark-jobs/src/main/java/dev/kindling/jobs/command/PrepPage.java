package dev.kindling.jobs.command;

import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.data.job.Count;
import dev.kindling.data.job.PrepReport;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.jobs.report.Report;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The page about a dataset, made of the {@code prep-report.json} beside it. */
final class PrepPage {
  private static final int LARGEST_REPORT = 64 << 20;
  private static final int MOST_CLASSES = 100;

  private PrepPage() {
  }

  /** Writes the page into the dataset's folder where it is not there yet. @return the page; nothing where the dataset has no report */
  static Optional<Path> write(Configuration conf, Path dataset) throws IOException {
    Path json = new Path(dataset, PrepReport.FILE);
    if (!json.getFileSystem(conf).exists(json)) return Optional.empty();
    Path page = new Path(dataset, PrepReport.PAGE);
    if (Storage.exists(Storage.of(conf, page), page)) return Optional.of(page);
    byte[] bytes = Storage.readSmall(Storage.of(conf, json), json, LARGEST_REPORT);
    try (PendingFile out = PendingFile.create(Storage.of(conf, page), page)) {
      out.write(html(name(dataset), PrepReport.parse(new String(bytes, StandardCharsets.UTF_8)))
          .getBytes(StandardCharsets.UTF_8));
      out.commit(PrepReport.PAGE);
    }
    return Optional.of(page);
  }

  /** Below the folder of versions the dataset's, and which version. */
  private static String name(Path home) {
    return home.getParent() != null && home.getParent().getName().equals(DatasetVersions.FOLDER)
        ? home.getParent().getParent().getName() + ", added in version " + Integer.parseInt(home.getName())
        : home.getName();
  }

  static String html(String name, PrepReport made) {
    PrepReport.Stage last = made.stages().get(made.stages().size() - 1);
    Report page = new Report("Dataset " + name, text("%s of %s; %s kept.",
        Count.of(made.records(), "record"), inputs(made),
        last.documents() == 1 ? "1 document is" : text("%,d documents are", last.documents())));
    page.heading("From the inputs to documents").columns(List.of("stage", "documents", "characters"), stages(made));
    examples(page, made);
    page.heading("Sources").columns(
        List.of("source", "documents", "tokens", "characters", "tokens a word", "bytes a token"), sources(made));
    Map<String, Double> lengths = new LinkedHashMap<>();
    made.lengths().forEach(bar -> lengths.put(
        bar.from() == bar.to() ? text("%,d", bar.from()) : text("%,d to %,d", bar.from(), bar.to()),
        (double) bar.documents()));
    page.heading("Documents by tokens").bars(lengths, "%,.0f");
    languages(page, made.languages());
    if (made.duplicates() != null) made.duplicates().forEach(found -> duplicates(page, found));
    page.heading("Packing")
        .paragraph(text("%,d rows of %,d tokens; %,d tokens are targets, %.3f%% of the places are empty.",
            made.packing().rows(), made.packing().sequenceLength(), made.packing().targets(),
            made.packing().wastePercent()));
    if (made.packing().kind() != null)
      page.paragraph(
          text("Packed by %s; %,d documents are cut.", made.packing().kind(), made.packing().cutDocuments()));
    labels(page, made.labels());
    page.heading("What the time went to, seconds").bars(made.seconds(), "%,.1f");
    if (!made.emptyFiles().isEmpty())
      page.heading("Files without a byte").paragraph(String.join(", ", made.emptyFiles()));
    return page.html();
  }

  private static String inputs(PrepReport made) {
    String files = text("%s, %.1f MB", Count.of(made.files(), "file"), made.bytes() / 1e6);
    if (made.tables() == 0) return files;
    String tables = Count.of(made.rows(), "row") + " of " + Count.ofTables(made.tables());
    return made.files() == 0 ? tables : files + ", and " + tables;
  }

  /** Such as &minus;1,200; but not less than nothing. */
  private static String less(long number) {
    return text(number == 0 ? "%,d" : "\u2212%,d", number);
  }

  private static List<List<String>> stages(PrepReport made) {
    List<List<String>> rows = new ArrayList<>();
    for (PrepReport.Stage stage : made.stages()) {
      for (PrepReport.Step step : stage.dropped())
        rows.add(List.of("dropped by " + step.name(), less(step.documents()), less(step.characters())));
      rows.add(List.of(stage.name() + ": kept", text("%,d", stage.documents()), text("%,d", stage.characters())));
    }
    return rows;
  }

  private static void examples(Report page, PrepReport made) {
    for (PrepReport.Stage stage : made.stages()) {
      for (PrepReport.Step step : stage.dropped()) {
        page.heading("Dropped by " + step.name());
        for (PrepReport.Example example : step.examples())
          page.paragraph(example.id() + ": " + example.reason()).quotation(example.excerpt());
      }
    }
  }

  private static void languages(Report page, PrepReport.Languages found) {
    if (found == null) return;
    Map<String, Double> shares = new LinkedHashMap<>();
    found.languages().forEach(one -> shares.put(text("%s (%,d)", one.code(), one.documents()), one.percent()));
    page.heading(text("Languages, %% of %s%,d documents", found.sampled() ? "a sample of " : "", found.documents()))
        .bars(shares, "%,.1f");
  }

  private static void labels(Report page, DatasetLabels found) {
    if (found == null) return;
    if (found.smallest() != null)
      page.heading("Labels").paragraph(text("Numbers from %s to %s.", found.smallest(), found.largest()));
    if (found.classes().isEmpty()) return;
    List<DatasetLabels.Label> most = found.classes().stream()
        .sorted(Comparator.comparingLong(label -> -label.training() - label.heldOut())).limit(MOST_CLASSES).toList();
    page.heading(text("%s by class%s", found.labelKind() == LabelKind.TAGS ? "Words" : "Documents",
        most.size() < found.classes().size()
            ? text(", the %,d commonest of %,d", most.size(), found.classes().size())
            : ""))
        .columns(List.of("class", "training", "held out"), most.stream()
            .map(label -> List.of(label.name(), text("%,d", label.training()), text("%,d", label.heldOut()))).toList());
  }

  private static void duplicates(Report page, PrepReport.Duplicates found) {
    page.heading("Duplicates by " + found.step()).paragraph(text(
        "%s of %s, of each of which the first goes on to the next step.", Count.of(found.clusters(), "cluster"),
        Count.of(found.documents(), "document")));
    if (found.clusters() == 0) return;
    Map<String, Double> sizes = new LinkedHashMap<>();
    found.sizes().forEach(
        bar -> sizes.put(text("%,d to %,d documents", bar.from(), bar.to()), (double) bar.documents()));
    page.bars(sizes, "%,.0f");
    for (PrepReport.Cluster cluster : found.largest()) {
      String documents = Count.of(cluster.documents(), "document");
      page.paragraph(cluster.droppedBy() == null
          ? text("%s stays for %s", cluster.survivor(), documents)
          : text("%s stood for %s until %s dropped it too", cluster.survivor(), documents, cluster.droppedBy()))
          .quotation(cluster.excerpt());
      for (PrepReport.Example gone : cluster.gone())
        page.paragraph(gone.id() + " went for it").quotation(gone.excerpt());
    }
  }

  private static List<List<String>> sources(PrepReport made) {
    return made.sources().entrySet().stream().map(entry -> {
      PrepReport.Source source = entry.getValue();
      return List.of(entry.getKey(), text("%,d", source.documents()), text("%,d", source.tokens()),
          text("%,d", source.characters()), text("%.3f", source.tokensPerWord()), text("%.3f", source.bytesPerToken()));
    }).toList();
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
