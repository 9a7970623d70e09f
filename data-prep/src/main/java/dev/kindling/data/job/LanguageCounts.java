package dev.kindling.data.job;

import dev.kindling.data.clean.LanguageRule;
import dev.kindling.data.pack.DocumentOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/** Which languages the documents of a dataset are in, as far as cleaning's language identification sees. */
final class LanguageCounts {
  /** Documents that are looked at where cleaning does not ask for languages: the first of the dataset's order, which is random. */
  static final int SAMPLE = 500;

  private LanguageCounts() {
  }

  /** @param kept the documents of the dataset; @param count how many */
  static PrepReport.Languages of(JavaRDD<CleanDocument> kept, long count, DocumentOrder order,
      List<PrepStage> stages) {
    LanguageRule asked = stages.stream().flatMap(stage -> stage.steps().stream())
        .filter(step -> step instanceof RuleStep one && one.rule() instanceof LanguageRule)
        .map(step -> (LanguageRule) ((RuleStep) step).rule()).findFirst().orElse(null);
    if (asked != null && asked.kept().size() == 1)
      return languages(Map.of(asked.kept().iterator().next(), count), count, false);
    if (asked != null) {
      Map<String, Long> counts = new TreeMap<>();
      kept.mapPartitions(documents -> counted(documents, asked)).collect()
          .forEach(part -> part.forEach((language, of) -> counts.merge(language, of, Long::sum)));
      return languages(counts, count, false);
    }
    LanguageRule common = new LanguageRule(LanguageRule.COMMON, List.of());
    Map<String, Long> counts = new TreeMap<>();
    kept.map(document -> new Tuple2<>(new Place(order.position(document.id()), document.id()),
        Excerpts.beginning(document.text()))).takeOrdered(SAMPLE, new ByPlace())
        .forEach(sampled -> counts.merge(common.of(sampled._2()), 1L, Long::sum));
    long looked = Math.min(SAMPLE, count);
    return languages(counts, looked, looked < count);
  }

  private record Place(long position, String id) implements java.io.Serializable {}

  private static final class ByPlace implements Comparator<Tuple2<Place, String>>, java.io.Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(Tuple2<Place, String> a, Tuple2<Place, String> b) {
      int byPosition = Long.compare(a._1().position(), b._1().position());
      return byPosition != 0 ? byPosition : a._1().id().compareTo(b._1().id());
    }
  }

  private static Iterator<Map<String, Long>> counted(Iterator<CleanDocument> documents, LanguageRule rule) {
    Map<String, Long> counts = new TreeMap<>();
    while (documents.hasNext()) counts.merge(rule.of(documents.next().text()), 1L, Long::sum);
    return List.of(counts).iterator();
  }

  private static PrepReport.Languages languages(Map<String, Long> counts, long documents, boolean sampled) {
    List<PrepReport.Language> languages = new ArrayList<>();
    counts.forEach((code, of) -> languages
        .add(new PrepReport.Language(code, of, documents == 0 ? 0 : 100.0 * of / documents)));
    languages.sort(Comparator.comparing((PrepReport.Language one) -> -one.documents())
        .thenComparing(PrepReport.Language::code));
    return new PrepReport.Languages(documents, sampled, languages);
  }
}
