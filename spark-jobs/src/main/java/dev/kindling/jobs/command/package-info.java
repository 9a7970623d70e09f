/**
 * The {@code kindling} command: one class a verb, each of which reads its configuration, runs one job of another package
 * and prints what came of it. Read {@link dev.kindling.jobs.command.Kindling} first.
 */
package dev.kindling.jobs.command;
