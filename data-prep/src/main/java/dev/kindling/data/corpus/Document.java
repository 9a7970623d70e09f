package dev.kindling.data.corpus;

/**
 * One text of a corpus.
 *
 * @param id unique in the input, the same whenever it is read
 * @param text well-formed Unicode
 */
public record Document(String id, String source, String file, long position, String text) implements CorpusRecord {}
