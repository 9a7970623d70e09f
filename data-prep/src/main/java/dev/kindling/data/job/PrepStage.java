package dev.kindling.data.job;

import java.io.Serializable;
import java.util.List;

/**
 * Steps whose outcome is stored once, so that what comes after reads it instead of working it out again.
 *
 * @param name in the report and of the stored rows, such as {@code dedup}
 * @param steps in their order
 * @param settings all that decides what the steps do, as text
 */
public record PrepStage(String name, List<CorpusStep> steps, String settings) implements Serializable {
  /** The stage that reads the inputs: its steps look at a document alone, and reading and they are one pass. */
  public static final String CLEAN = "clean";

  public PrepStage { steps = List.copyOf(steps); }
}
