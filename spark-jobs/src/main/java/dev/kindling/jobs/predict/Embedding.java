package dev.kindling.jobs.predict;

/**
 * A text and its embedding.
 *
 * @param id of the text in its file; @param tokens of it that the model saw; @param vector [width]
 */
public record Embedding(String id, String text, int tokens, float[] vector) {}
