package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Which files of a corpus a dataset was not made of yet. */
final class AddedFiles {
  private static final String UP = "../";

  private final Former dataset;
  private final Map<String, TreeMap<String, String>> known = new HashMap<>();       // by input, SHA-256 by name

  private AddedFiles(Former dataset) {
    this.dataset = dataset;
    Dataset<Row> table = dataset.table(PrepTables.INPUTS).orElseThrow(() -> dataset.other(
        "the inputs have changed, and it was made before datasets kept what new files are told by"));
    for (Row row : table.select("input", "file", "sha256").collectAsList())
      known.computeIfAbsent(row.getString(0), input -> new TreeMap<>()).put(row.getString(1), row.getString(2));
  }

  /**
   * The documents of the new files. They are named as they would be if the dataset had begun with them, below the folder that its first
   * files had in common; a file elsewhere with {@code ../}.
   *
   * @param all documents of all files, old and new
   * @throws UserError where a file that the dataset was made of is missing or has changed
   */
  static Documents of(Former dataset, Documents all) {
    AddedFiles files = new AddedFiles(dataset);
    Map<String, List<Documents.Hashed>> now = all.hashed().stream()
        .collect(Collectors.groupingBy(Documents.Hashed::input));
    Map<String, Map<String, String>> names = new HashMap<>();
    now.forEach((input, found) -> names.put(input, files.newNames(input, found)));
    return all.only(names);
  }

  /** @return the names that the new files of an input get, by those that they have */
  private Map<String, String> newNames(String input, List<Documents.Hashed> found) {
    TreeMap<String, String> before = known.getOrDefault(input, new TreeMap<>());
    Map<String, String> now = new HashMap<>();
    for (Documents.Hashed file : found) now.put(file.file(), file.sha256());
    String prefix = prefix(before, now);
    Set<String> old = new HashSet<>();
    for (Map.Entry<String, String> file : before.entrySet()) {
      String name = place(prefix, file.getKey());
      String is = now.get(name);
      if (is == null) throw refused(input, file.getKey(), "is not among the inputs");
      if (!is.equals(file.getValue())) throw refused(input, file.getKey(), "has changed");
      old.add(name);
    }
    Map<String, String> names = new HashMap<>();
    for (String name : now.keySet()) if (!old.contains(name)) names.put(name, below(prefix, name));
    return names;
  }

  /**
   * What stands before the names that the dataset's first files had, where the files have a higher folder in common now: of those that
   * fit the names the one that fits the contents.
   */
  private static String prefix(TreeMap<String, String> before, Map<String, String> now) {
    String first = before.keySet().stream().filter(name -> !name.startsWith(UP)).findFirst().orElse("");
    List<String> fitting = Stream
        .concat(Stream.of(""), now.keySet().stream().filter(name -> name.endsWith("/" + first)).sorted()
            .map(name -> name.substring(0, name.length() - first.length())))
        .filter(prefix -> before.keySet().stream().allMatch(name -> now.containsKey(place(prefix, name)))).toList();
    return fitting.stream()
        .filter(prefix -> before.entrySet().stream()
            .allMatch(file -> file.getValue().equals(now.get(place(prefix, file.getKey())))))
        .findFirst().orElse(fitting.isEmpty() ? "" : fitting.get(0));
  }

  /** Where a file is that is called so from a folder. @param folder empty, or with a slash at its end */
  private static String place(String folder, String name) {
    return name.startsWith(UP) && !folder.isEmpty()
        ? place(parent(folder), name.substring(UP.length()))
        : folder + name;
  }

  /** What a file is called from a folder. */
  private static String below(String folder, String name) {
    return name.startsWith(folder) ? name.substring(folder.length()) : UP + below(parent(folder), name);
  }

  private static String parent(String folder) {
    return folder.substring(0, folder.lastIndexOf('/', folder.length() - 2) + 1);
  }

  private UserError refused(String input, String file, String what) {
    return dataset.other("new files can be added, but " + file + " of the input " + input
        + ", which the dataset was made of, " + what
        + ": give all its files as they were and the new ones, or make a new"
        + " dataset");
  }
}
