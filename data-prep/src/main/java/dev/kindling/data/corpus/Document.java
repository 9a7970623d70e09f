package dev.kindling.data.corpus;

import java.util.Map;

/**
 * One text of a corpus.
 *
 * @param id unique in the corpus, the same whenever it is read
 * @param text well-formed Unicode
 * @param metadata the record's other fields, as text
 */
public record Document(String id, String text, Map<String, String> metadata) {}
