/**
 * What is computed forward is written on a {@link Tape} and walked back for gradients. Operations are coarse (a norm, a
 * matrix product, attention, the loss): one class each, with its formula. Values live in an arena that is reset for
 * each micro-batch. Read {@link Tape}, then {@link Multiply} as an example.
 */
package dev.kindling.train.autodiff;
