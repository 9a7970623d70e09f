package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import java.util.List;

/**
 * How rotary positions are changed so that a model reads longer texts than it was first trained on. The names are those
 * of {@code rope_type} in {@code config.json}.
 */
public sealed interface RopeScaling {
  /** As in the paper: {@code default}. */
  record None() implements RopeScaling {}

  /** Positions divided by a factor (Chen et al. 2023, arXiv:2306.15595). */
  record Linear(double factor) implements RopeScaling {
    public Linear { requireFactor(factor); }
  }

  /**
   * {@code dynamic}: the base grows with the length at hand once that is beyond the trained one, NTK-aware (bloc97 and
   * emozilla 2023).
   */
  record Dynamic(double factor) implements RopeScaling {
    public Dynamic { requireFactor(factor); }
  }

  /**
   * Fast frequencies kept, slow ones divided, a ramp between (Peng et al. 2023, arXiv:2309.00071, section 3.2).
   *
   * @param temperature what cosine and sine are multiplied with ({@code attention_factor})
   * @param fast rotations over the original length above which a frequency is kept; @param slow below which it is divided
   * @param length the original one; @param whole whether the ramp's ends are rounded to whole dimensions
   */
  record Yarn(double factor, double temperature, double fast, double slow, int length,
      boolean whole) implements RopeScaling {
    public Yarn {
      requireFactor(factor);
      require(temperature > 0, "rope_scaling.attention_factor", temperature, "a number above 0");
      require(fast > slow, "rope_scaling.beta_fast", fast, "above beta_slow, " + slow);
      require(slow > 0, "rope_scaling.beta_slow", slow, "a number above 0");
    }

    /** The paper's temperature: 0.1 ln s + 1 (eq. 22, as its root). */
    public static double usualTemperature(double factor, double weight) {
      return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
    }
  }

  /**
   * {@code llama3}: wavelengths above length / low are divided, those below length / high kept, a ramp between (Llama
   * 3.1's model card and code).
   */
  record Llama3(double factor, double low, double high, int length) implements RopeScaling {
    public Llama3 {
      requireFactor(factor);
      require(low > 0, "rope_scaling.low_freq_factor", low, "a number above 0");
      require(high > low, "rope_scaling.high_freq_factor", high, "above low_freq_factor, " + low);
    }
  }

  /**
   * {@code longrope}: each frequency divided by a factor of its own, of one list up to the original length and of
   * another beyond it (Ding et al. 2024, arXiv:2402.13753).
   *
   * @param temperature what cosine and sine are multiplied with ({@code attention_factor}); @param length the original
   */
  record LongRope(List<Double> shorter, List<Double> longer, double temperature, int length) implements RopeScaling {
    public LongRope {
      shorter = List.copyOf(shorter);
      longer = List.copyOf(longer);
      require(temperature > 0, "rope_scaling.attention_factor", temperature, "a number above 0");
    }

    /** √(1 + ln s / ln length). @param factor s, the whole length over the original */
    static double usualTemperature(double factor, int length) {
      return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(length));
    }
  }

  private static void requireFactor(double factor) {
    require(factor >= 1 && factor < Double.POSITIVE_INFINITY, "rope_scaling.factor", factor, "a number from 1 on");
  }
}
