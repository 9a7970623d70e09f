package dev.kindling.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Rotary positions in {@code config.json}, in all spellings: {@code rope_theta} beside {@code rope_scaling} with
 * {@code type} or {@code rope_type}, or both within {@code rope_parameters}, which newer files have.
 */
final class RopeKeys {
  private RopeKeys() {
  }

  /** @param family whose defaults hold for what is missing */
  static Rope read(ConfigKeys keys, double usualTheta, boolean ofPhi3) {
    int positions = keys.positive("max_position_embeddings");
    ConfigKeys inner = keys.nested(keys.present("rope_scaling") ? "rope_scaling" : "rope_parameters");
    double theta = inner.number("rope_theta", keys.number("rope_theta", usualTheta));
    double share = inner.number("partial_rotary_factor", keys.number("partial_rotary_factor", 1));
    return new Rope(theta, share, positions, scaling(keys, inner, positions, ofPhi3));
  }

  /** GPT-NeoX's own names for base and share. */
  static Rope readNeox(ConfigKeys keys) {
    int positions = keys.positive("max_position_embeddings");
    ConfigKeys inner = keys.nested(keys.present("rope_scaling") ? "rope_scaling" : "rope_parameters");
    double theta = inner.number("rope_theta", keys.number("rotary_emb_base", keys.number("rope_theta", 10_000)));
    double share = inner.number("partial_rotary_factor",
        keys.number("rotary_pct", keys.number("partial_rotary_factor", 0.25)));
    return new Rope(theta, share, positions, scaling(keys, inner, positions, false));
  }

  private static RopeScaling scaling(ConfigKeys keys, ConfigKeys inner, int positions, boolean ofPhi3) {
    String key = inner.present("rope_type") ? "rope_type" : "type";
    String type = ofPhi3
        ? inner.oneOf(key, "default", "default", "longrope", "su", "yarn")      // its old files have other names
        : inner.oneOf(key, "default", "default", "linear", "dynamic", "yarn", "llama3", "longrope");
    int length = keys.positive("original_max_position_embeddings",
        ofPhi3 ? 4096 : inner.positive("original_max_position_embeddings", positions));
    if (type.equals("longrope") || ofPhi3 && !type.equals("default")) return longRope(inner, positions, length);
    return switch (type) {
      case "linear" -> new RopeScaling.Linear(inner.number("factor"));
      case "dynamic" -> new RopeScaling.Dynamic(inner.number("factor"));
      case "llama3" -> new RopeScaling.Llama3(inner.number("factor"), inner.number("low_freq_factor"),
          inner.number("high_freq_factor"), length);
      case "yarn" -> yarn(inner, positions, length);
      default -> new RopeScaling.None();
    };
  }

  private static RopeScaling yarn(ConfigKeys inner, int positions, int length) {
    double factor = inner.number("factor", (double) positions / length);
    double scale = inner.number("mscale", 0);
    double scaleOfAll = inner.number("mscale_all_dim", 0);
    double usual = scale != 0 && scaleOfAll != 0
        ? RopeScaling.Yarn.usualTemperature(factor, scale) / RopeScaling.Yarn.usualTemperature(factor, scaleOfAll)
        : RopeScaling.Yarn.usualTemperature(factor, 1);
    return new RopeScaling.Yarn(factor, inner.number("attention_factor", usual), inner.number("beta_fast", 32),
        inner.number("beta_slow", 1), length, inner.flag("truncate", true));
  }

  private static RopeScaling longRope(ConfigKeys inner, int positions, int length) {
    double factor = inner.number("factor", (double) positions / length);
    return new RopeScaling.LongRope(inner.numbers("short_factor"), inner.numbers("long_factor"),
        inner.number("attention_factor", RopeScaling.LongRope.usualTemperature(factor, length)), length);
  }

  /** In the spelling that old and new releases read: {@code rope_theta} beside {@code rope_scaling}. */
  static void write(Rope rope, ObjectNode json) {
    json.put("max_position_embeddings", rope.positions()).put("rope_theta", rope.theta());
    if (rope.share() != 1) json.put("partial_rotary_factor", rope.share());
    writeScaling(rope, json);
  }

  static void writeNeox(Rope rope, ObjectNode json) {
    json.put("max_position_embeddings", rope.positions());
    json.put("rotary_emb_base", rope.theta()).put("rotary_pct", rope.share());
    writeScaling(rope, json);
  }

  private static void writeScaling(Rope rope, ObjectNode json) {
    if (rope.scaling() instanceof RopeScaling.None) {
      json.putNull("rope_scaling");
      return;
    }
    ObjectNode to = json.putObject("rope_scaling");
    if (rope.scaling() instanceof RopeScaling.LongRope longRope) {
      writeLongRope(rope, longRope, json, to);
    } else if (rope.scaling() instanceof RopeScaling.Linear linear) {
      to.put("rope_type", "linear").put("factor", linear.factor());
    } else if (rope.scaling() instanceof RopeScaling.Dynamic dynamic) {
      to.put("rope_type", "dynamic").put("factor", dynamic.factor());
    } else if (rope.scaling() instanceof RopeScaling.Llama3 llama) {
      to.put("rope_type", "llama3").put("factor", llama.factor()).put("low_freq_factor", llama.low())
          .put("high_freq_factor", llama.high()).put("original_max_position_embeddings", llama.length());
    } else if (rope.scaling() instanceof RopeScaling.Yarn yarn) {
      to.put("rope_type", "yarn").put("factor", yarn.factor()).put("attention_factor", yarn.temperature())
          .put("beta_fast", yarn.fast()).put("beta_slow", yarn.slow())
          .put("original_max_position_embeddings", yarn.length());
      if (!yarn.whole()) to.put("truncate", false);
    }
  }

  /** Phi-3's releases before 5 want exactly three keys; what they derive is left out. */
  private static void writeLongRope(Rope rope, RopeScaling.LongRope longRope, ObjectNode json, ObjectNode to) {
    to.put("type", "longrope");
    putAll(to.putArray("short_factor"), longRope.shorter());
    putAll(to.putArray("long_factor"), longRope.longer());
    double usual = RopeScaling.LongRope.usualTemperature((double) rope.positions() / longRope.length(),
        longRope.length());
    if (longRope.temperature() != usual) to.put("attention_factor", longRope.temperature());
    json.put("original_max_position_embeddings", longRope.length());
  }

  private static void putAll(ArrayNode to, List<Double> numbers) {
    numbers.forEach(to::add);
  }
}
