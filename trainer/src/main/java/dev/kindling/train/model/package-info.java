/**
 * Models as the loop sees them: a {@link LanguageModel} with one flat vector of {@link Parameter}s that takes
 * {@link Batch}es.
 */
package dev.kindling.train.model;
