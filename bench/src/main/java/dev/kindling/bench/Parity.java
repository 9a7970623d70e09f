package dev.kindling.bench;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * {@code bench/run parity}: every golden model is read, written again, and loaded by transformers, which must find all of its
 * weights and nothing else, and compute the same logits, bit for bit, from both.
 */
public final class Parity {
  private static final Configuration CONF = new Configuration();

  private Parity() {
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    String only = args.length == 2 && args[0].equals("--only") ? args[1] : "";
    Path golden = Path.of(System.getProperty("bench.home"), "..", "golden", "cases").normalize();
    Path written = Files.createTempDirectory("kindling-parity");
    Results results = new Results("parity");
    for (String name : names(golden)) {
      if (!name.contains(only)) continue;
      try (ModelFolder model = ModelFolder.open(CONF, hadoop(golden.resolve(name)))) {
        ModelFolderWriter.export(CONF, hadoop(written.resolve(name)), model, ElementType.F32);
      }
      String[] found = theirs(golden, written, name).split(" ");
      results.more(name + ", as transformers reads it", Double.parseDouble(found[3]), Double.parseDouble(found[2]),
          "largest logit");
    }
    results.write();
  }

  private static List<String> names(Path golden) {
    String[] names = golden.toFile().list((folder, name) -> new File(folder, name + "/config.json").exists());
    return Arrays.stream(names).sorted().toList();
  }

  private static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }

  private static String theirs(Path golden, Path written, String name) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(System.getProperty("bench.python"),
        System.getProperty("bench.home") + "/peers/parity.py", golden.toString(), written.toString(), name)
        .redirectErrorStream(true).start();
    StringBuilder said = new StringBuilder();
    String result = null;
    try (var in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line; (line = in.readLine()) != null;) {
        said.append(line).append('\n');
        if (line.startsWith("parity ")) result = line;
      }
    }
    if (process.waitFor() != 0 || result == null) throw new IOException("transformers fails on " + name + ":\n" + said);
    System.out.println(result);
    return result;
  }
}
