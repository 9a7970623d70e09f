/**
 * The ranks' {@link dev.kindling.train.collective.Communicator} over Spark's own network library: gradients go to the owner
 * of their shard, weights come back. In: contributions and shards as flat vectors; out: the sums, on their owners. Knows
 * nothing of models, nor of Spark's tasks. Read {@link dev.kindling.jobs.transport.SparkCommunicator} first: it states the
 * protocol; {@code Exchange} holds its state and {@code Inbound} is what peers may ask.
 */
package dev.kindling.jobs.transport;
