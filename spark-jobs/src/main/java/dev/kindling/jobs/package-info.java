/**
 * Kindling on Spark: the {@code kindling} command ({@code command}), its configuration ({@code config}), and the jobs that
 * it starts. Read {@link dev.kindling.jobs.command.Kindling} first.
 */
package dev.kindling.jobs;
