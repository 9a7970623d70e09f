/** Optimizers and learning rate schedules over ranges of the flat parameter vector. Read {@link Optimizer} first. */
package dev.kindling.train.optim;
