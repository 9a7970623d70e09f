/**
 * The arithmetic of a step behind one interface, {@link Kernels}: oneDNN and the Vector API where they are there, plain Java
 * everywhere. Knows tensors, nothing of models or gradients' flow.
 */
package dev.kindling.train.kernel;
