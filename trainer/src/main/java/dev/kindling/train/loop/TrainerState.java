package dev.kindling.train.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a run needs besides weights and optimizer states to go on as if it had never stopped: {@code trainer_state.json}. The
 * place in the data and all random counters follow from the seed and the step.
 *
 * @param step done last
 * @param updates of the optimizer so far: steps whose global batch had a label
 * @param samples sequences read so far, over all ranks: the place in the data
 * @param worldSize ranks that wrote it; another number may resume it
 * @param kernels what computed it: with others the bits may differ
 * @param identity the settings that may not change, by key
 * @param history every logged step so far
 */
public record TrainerState(long step, long updates, long samples, int worldSize, String kernels,
    Map<String, String> identity, List<LossPoint> history) {
  private static final List<String> FIELDS = List.of("step", "updates", "samples", "worldSize", "kernels", "identity",
      "history");

  public TrainerState {
    identity = new TreeMap<>(identity);
    history = List.copyOf(history);
  }

  /** As the file has it. */
  public ObjectNode toJson() {
    ObjectNode root = Json.object();
    root.put("step", step);
    root.put("updates", updates);
    root.put("samples", samples);
    root.put("worldSize", worldSize);
    root.put("kernels", kernels);
    ObjectNode fixed = root.putObject("identity");
    identity.forEach(fixed::put);
    ArrayNode points = root.putArray("history");
    for (LossPoint point : history) {
      points.addObject().put("kind", point.kind()).put("step", point.step()).put("loss", point.loss());
    }
    return root;
  }

  /** @param root what {@link #toJson} made; @param where the file, for errors; @throws UserError naming the missing field */
  public static TrainerState fromJson(ObjectNode root, String where) {
    try {
      Map<String, String> identity = new TreeMap<>();
      root.required("identity").properties().forEach(e -> identity.put(e.getKey(), e.getValue().asText()));
      List<LossPoint> history = new ArrayList<>();
      for (JsonNode point : root.required("history")) {
        history.add(new LossPoint(point.required("kind").asText(), point.required("step").asLong(),
            point.required("loss").asDouble()));
      }
      return new TrainerState(root.required("step").asLong(), root.required("updates").asLong(),
          root.required("samples").asLong(), root.required("worldSize").asInt(), root.required("kernels").asText(),
          identity, history);
    } catch (IllegalArgumentException e) {
      throw new UserError(where + " is not a trainer's state: " + missing(root), e);
    }
  }

  private static String missing(ObjectNode root) {
    return FIELDS.stream().filter(field -> !root.has(field)).findFirst().map(field -> field + " is missing")
        .orElse("a point of its history lacks its kind, step or loss");
  }
}
