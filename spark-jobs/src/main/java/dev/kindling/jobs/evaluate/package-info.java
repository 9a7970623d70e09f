/**
 * How good a model is on a prepared dataset, and how good n-grams are on the same tokens. Read {@link
 * dev.kindling.jobs.evaluate.HeldOut} first.
 */
package dev.kindling.jobs.evaluate;
