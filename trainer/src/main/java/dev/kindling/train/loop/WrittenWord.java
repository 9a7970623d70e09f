package dev.kindling.train.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.commit.CheckpointWriter.Written;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a rank wrote of a checkpoint, as it goes to the rank that commits. */
final class WrittenWord {
  private WrittenWord() {
  }

  static byte[] bytes(Written written) {
    ObjectNode word = Json.object();
    ArrayNode files = word.putArray("files");
    for (FileEntry f : written.files())
      files.addObject().put("name", f.name()).put("size", f.size()).put("sha256", f.sha256());
    ObjectNode ofElements = word.putObject("ofElements");
    written.ofElements().forEach(ofElements::put);
    return Json.bytes(word);
  }

  static Written written(byte[] word) {
    ObjectNode json = Json.parse(word, "a rank's word of its part");
    List<FileEntry> files = new ArrayList<>();
    for (JsonNode f : json.required("files"))
      files.add(new FileEntry(f.required("name").asText(), f.required("size").asLong(), f.required("sha256").asText()));
    Map<String, String> ofElements = new TreeMap<>();
    json.required("ofElements").properties().forEach(hash -> ofElements.put(hash.getKey(), hash.getValue().asText()));
    return new Written(files, ofElements);
  }
}
