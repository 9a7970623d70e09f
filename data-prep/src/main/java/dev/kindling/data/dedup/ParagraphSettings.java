package dev.kindling.data.dedup;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * Which paragraphs are repeated so often that they go, such as menus, notices and signatures.
 *
 * @param minCharacters shorter paragraphs stay, such as headings
 * @param maxDocuments in which a paragraph may occur; one that is in more of them goes
 * @param keepFirst whether it stays in the first of these documents; else it goes everywhere
 */
public record ParagraphSettings(int minCharacters, long maxDocuments, boolean keepFirst) implements Serializable {
  public ParagraphSettings {
    require(minCharacters >= 1, "minCharacters", minCharacters, "at least 1");
    require(maxDocuments >= 1, "maxDocuments", maxDocuments, "at least 1");
  }

  /** Paragraphs of 50 characters and more that another document has had already. */
  public static ParagraphSettings defaults() {
    return new ParagraphSettings(50, 1, true);
  }
}
