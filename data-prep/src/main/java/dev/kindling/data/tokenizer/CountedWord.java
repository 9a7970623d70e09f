package dev.kindling.data.tokenizer;

import java.io.Serializable;

/** A word of the corpus and how often it occurs. */
public record CountedWord(String word, long count) implements Serializable {}
