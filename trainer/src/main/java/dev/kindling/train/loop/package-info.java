/**
 * Training: batches come in by (step, virtual rank), weights and checkpoints go out. Read {@link TrainingLoop} first, which tells a
 * run's story, then {@link TrainingStep}, which tells a step's. Data, ranks, files, evaluation and listeners are given from
 * outside.
 */
package dev.kindling.train.loop;
