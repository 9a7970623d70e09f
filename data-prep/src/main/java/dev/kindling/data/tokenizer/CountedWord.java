package dev.kindling.data.tokenizer;

/** A word of the corpus and how often it occurs. */
public record CountedWord(String word, long count) {}
