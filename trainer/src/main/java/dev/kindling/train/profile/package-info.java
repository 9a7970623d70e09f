/**
 * Where the time of a run goes, when somebody asks: kernels and communicator are wrapped ({@link ProfiledKernels},
 * {@link ProfiledCommunicator}), the loop tells its parts to {@link Spans}, a {@link Profile} adds up, and {@link ProfileTable} and
 * {@link ChromeTrace} say it. Nothing of it is there otherwise.
 */
package dev.kindling.train.profile;
