/**
 * From a step of a run back to the documents that it read, and from a document to the steps and checkpoints that saw it. What comes in
 * is a run's folder and its dataset; nothing was written down while it trained, as the order of the data is a pure function. Read {@link
 * dev.kindling.jobs.lineage.TracedRun} first, then {@link dev.kindling.jobs.lineage.StepLineage}.
 */
package dev.kindling.jobs.lineage;
