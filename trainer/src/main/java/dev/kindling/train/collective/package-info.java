/**
 * How ranks add their gradients: one tree over virtual ranks ({@link VirtualRankTree}), shards with one owner each
 * ({@link Shards}, cut by {@link ShardPlanner}), and the {@link Communicator} that carries both. What a rank may add by itself it adds in
 * {@link SubtreeSums}, the owners add the rest in {@link TreeSum}. Which way gradients take is what {@link Gradients} say, exactly unless
 * they say otherwise, and a {@link GradientExchange} does; a {@link Codec} or {@link LowRank} factors make fewer bytes of them; {@link
 * GatheredWeights} bring what owners have updated to all. Knows nothing of Spark or of how a model computes.
 */
package dev.kindling.train.collective;
