/**
 * How good a model is on a prepared dataset, and how good n-grams are on the same tokens. Read {@link
 * dev.kindling.jobs.evaluate.HeldOut} first, and {@link dev.kindling.jobs.evaluate.Measurement} of models that are no decoders.
 */
package dev.kindling.jobs.evaluate;
