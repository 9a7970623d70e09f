/** The verbs, run as a user runs them but in the test's own process. */
package dev.kindling.jobs.command;
