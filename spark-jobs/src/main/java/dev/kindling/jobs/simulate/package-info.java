/**
 * How long a step takes on executors that one does not have: measured costs of work and of messages go in, the time of a step
 * comes out, with its parts. {@link dev.kindling.jobs.simulate.StepModel} follows what the trainer and its transport do; read it first.
 */
package dev.kindling.jobs.simulate;
