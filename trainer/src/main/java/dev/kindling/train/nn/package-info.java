/**
 * Layers: their weights, and how the tape's operations make them. A layer asks {@link Weights} for what it needs and
 * knows nothing of files, optimizers or threads. Read {@link Block}.
 */
package dev.kindling.train.nn;
