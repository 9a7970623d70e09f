/**
 * What a run tells of itself while it runs: {@link dev.kindling.jobs.track.StepRow} a step goes into a table of the run's folder, and from
 * the driver to TensorBoard, MLflow and a page with curves. Read {@link dev.kindling.jobs.track.Tracking} first; nothing here may stop a
 * training.
 */
package dev.kindling.jobs.track;
