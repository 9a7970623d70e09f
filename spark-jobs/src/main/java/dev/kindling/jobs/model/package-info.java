/**
 * Models in use: opened from any folder in Hugging Face's layout, with kernels and tokenizer, for generation and evaluation.
 * Read {@link dev.kindling.jobs.model.TrainedModel} first.
 */
package dev.kindling.jobs.model;
