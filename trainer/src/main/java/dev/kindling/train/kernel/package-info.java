/**
 * The arithmetic of a step behind one interface, {@link Kernels}, with its families {@link Norms}, {@link Activations},
 * {@link Lookups} and {@link Routing}: oneDNN and the Vector API where they are there, plain Java everywhere;
 * {@link KernelLibraries} chooses. Knows tensors, nothing of models or gradients' flow. Read {@link Kernels},
 * then {@code PlainKernels} for what is computed, {@code Blocks} for how work is cut, {@code OneDnnProducts} for how it is
 * fast.
 */
package dev.kindling.train.kernel;
