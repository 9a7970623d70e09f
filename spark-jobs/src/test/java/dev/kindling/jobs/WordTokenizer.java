package dev.kindling.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@code tokenizer.json} of T5's kind, of whole words: {@code <pad>} is 0, {@code </s>} 1, {@code <unk>} 2, then the words. */
public final class WordTokenizer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SPECIAL = List.of("<pad>", "</s>", "<unk>");

  private WordTokenizer() {
  }

  /** @param folder in which the file is written */
  public static void write(Path folder, List<String> words) throws IOException {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (String name : SPECIAL)
      added.addObject().put("id", SPECIAL.indexOf(name)).put("content", name).put("single_word", false)
          .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", true);
    ObjectNode metaspace = JSON.createObjectNode().put("type", "Metaspace").put("replacement", "\u2581")
        .put("prepend_scheme", "always").put("split", true);
    root.set("normalizer", JSON.readTree("""
        {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"},
          {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
          {"type": "Strip", "strip_left": true, "strip_right": true}]}
        """));
    root.set("pre_tokenizer", metaspace);
    root.putNull("post_processor");
    root.set("decoder", metaspace);
    ArrayNode vocabulary = root.putObject("model").put("type", "Unigram").put("unk_id", 2).put("byte_fallback", false)
        .putArray("vocab");
    List<String> pieces = new ArrayList<>(SPECIAL);
    for (String word : words) pieces.add("\u2581" + word);
    for (String piece : pieces) vocabulary.addArray().add(piece).add(-2.0);
    Files.writeString(folder.resolve("tokenizer.json"), root.toString());
  }
}
