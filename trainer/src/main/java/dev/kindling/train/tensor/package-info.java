/**
 * Off-heap memory and the arrays laid over it. ND4J owns the bytes; an {@link Arena} hands them out a step at a time.
 * Read {@link Tensor} first.
 */
package dev.kindling.train.tensor;
