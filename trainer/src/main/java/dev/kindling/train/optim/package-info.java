/**
 * Optimizers and learning rate schedules over ranges of the flat parameter vector. An {@link OptimizerRecipe} is the settings and
 * says where shards may be cut; an {@link Optimizer} made from it moves the weights of one shard. Read {@link Optimizer} first,
 * then {@link AdamW}.
 */
package dev.kindling.train.optim;
