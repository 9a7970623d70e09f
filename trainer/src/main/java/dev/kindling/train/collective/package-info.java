/**
 * How ranks add their gradients: one tree over virtual ranks ({@link VirtualRankTree}), shards with one owner each
 * ({@link Shards}), and the {@link Communicator} that carries both. Knows nothing of Spark or of models.
 */
package dev.kindling.train.collective;
