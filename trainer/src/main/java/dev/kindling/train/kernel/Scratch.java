package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Memory;
import java.util.EnumMap;
import java.util.Map;

/** Memory that a kernel needs while it runs, kept and grown from call to call. Not for several threads. */
final class Scratch implements AutoCloseable {
  /** What it is for; uses that may overlap in time have slots of their own. */
  enum Slot {
    PRIMITIVE, WHOLE_TILES, WIDENED_LEFT, WIDENED_RIGHT, WIDENED_RESULT, TRANSPOSED, PAIRS, PACKED, WEIGHT, WIDE, LEFT,
    RIGHT, PRODUCT, LOGITS, SCORES,
    PROBABILITIES,
    SCORE_GRADIENTS,
    PROBABILITY_GRADIENTS,
    QUERIES, KEYS, VALUES, TURNED_KEYS, TURNED_VALUES, KEY_PANELS, VALUE_PANELS, OUTPUTS, QUERY_GRADIENTS,
    KEY_GRADIENTS, VALUE_GRADIENTS, TURNED_GRADIENTS, OUTPUT_GRADIENTS, BIAS_GRADIENTS, SCORE_GRADIENT_ROWS
  }

  private static final long STEP = 4096;
  private final Map<Slot, Memory> slots = new EnumMap<>(Slot.class);

  /** The address of at least so many bytes; their content is undefined. What was asked for before may be gone. */
  long at(Slot slot, long bytes) {
    Memory memory = slots.get(slot);
    if (memory == null || memory.bytes() < bytes) {
      if (memory != null) memory.close();
      memory = Memory.allocate((bytes + STEP - 1) / STEP * STEP);
      slots.put(slot, memory);
    }
    return memory.address();
  }

  long bytes(Slot slot) {
    return slots.containsKey(slot) ? slots.get(slot).bytes() : 0;
  }

  /** Of all slots. */
  long bytes() {
    return slots.values().stream().mapToLong(Memory::bytes).sum();
  }

  @Override
  public void close() {
    slots.values().forEach(Memory::close);
    slots.clear();
  }
}
