package dev.kindling.data.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.CorpusStream;
import dev.kindling.data.corpus.LongJson;
import dev.kindling.data.decontaminate.DecontaminationSettings;
import dev.kindling.data.decontaminate.EvaluationSets;
import dev.kindling.data.tokenizer.Fingerprint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import org.apache.hadoop.conf.Configuration;

/**
 * The evaluation sets as they were found in their files.
 *
 * @param sets what to look for
 * @param sha256 over the names and the unpacked contents of the files
 */
public record EvaluationFiles(EvaluationSets sets, String sha256) implements Serializable {
  private static final ObjectMapper JSON = LongJson.mapper();
  private static final int BYTE_ORDER_MARK = 0xFEFF;

  /**
   * @throws UserError where a path is missing, a file is damaged or cannot be read, a line is no JSON, a file no UTF-8, or nothing
   *     is long enough to be looked for
   */
  public static EvaluationFiles read(Configuration conf, DecontaminationSettings settings) {
    EvaluationSets.Builder sets = new EvaluationSets.Builder(settings);
    MessageDigest digest = Fingerprint.digest();
    CorpusSource source = CorpusSource.text(settings.evaluation().toArray(String[]::new));
    for (CorpusFile file : CorpusFile.list(conf, source, "evaluation")) {
      digest.update((file.name() + "\n").getBytes(StandardCharsets.UTF_8));
      try (CorpusStream in = CorpusStream.open(conf, file.path(), 0)) {
        add(in, digest, file, sets);
      } catch (IOException e) {
        throw new UserError("evaluation " + file.path() + " cannot be read: " + e.getMessage(), e);
      }
    }
    EvaluationSets found = sets.build();
    if (found.size() == 0)
      throw new UserError(
          "evaluation " + String.join(", ", settings.evaluation()) + " holds no text of at least fewestWords, "
              + settings.fewestWords() + "; name other files or give fewer");
    return new EvaluationFiles(found, Fingerprint.hex(digest.digest()));
  }

  private static void add(CorpusStream in, MessageDigest digest, CorpusFile file, EvaluationSets.Builder sets)
      throws IOException {
    BufferedReader lines = new BufferedReader(
        new InputStreamReader(new DigestInputStream(in, digest), StandardCharsets.UTF_8.newDecoder()));
    try {
      lines.mark(1);
      if (lines.read() != BYTE_ORDER_MARK) lines.reset();
      if (isJson(file.name())) addRecords(lines, file.name(), sets);
      else addParagraphs(lines, file.name(), sets);
    } catch (CharacterCodingException e) {
      throw new UserError("evaluation " + file.path() + " is not UTF-8; it must be text or JSON lines", e);
    } catch (IOException e) {
      if (!in.isDamaged()) throw e;
      throw new UserError("evaluation " + file.path() + ": " + CorpusStream.damage(e), e);
    }
  }

  private static boolean isJson(String name) {
    return name.matches(".*\\.(jsonl|json|ndjson)(\\.[a-z0-9]+)?");
  }

  private static void addRecords(BufferedReader lines, String name, EvaluationSets.Builder sets) throws IOException {
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (line.isBlank()) continue;
      try {
        addTexts(JSON.readTree(line), name, sets);
      } catch (JsonProcessingException e) {
        throw new UserError("evaluation " + name + ":" + number + " is no JSON: " + JsonProblem.of(e).inLine()
            + "; a file of this name must hold one JSON record a line", e);
      }
    }
  }

  private static void addTexts(JsonNode value, String name, EvaluationSets.Builder sets) {
    if (value.isTextual()) sets.add(name, value.textValue());
    else value.forEach(inner -> addTexts(inner, name, sets));
  }

  private static void addParagraphs(BufferedReader lines, String name, EvaluationSets.Builder sets) throws IOException {
    StringBuilder paragraph = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.isBlank()) {
        sets.add(name, paragraph.toString());
        paragraph.setLength(0);
      } else {
        paragraph.append(line).append('\n');
      }
    }
    sets.add(name, paragraph.toString());
  }
}
