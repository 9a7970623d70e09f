/**
 * Stages that follow one another: a YAML file of command lines becomes a graph, of which what is done is skipped and what is not is run.
 * Read {@link dev.kindling.jobs.pipeline.PipelineRun} first.
 */
package dev.kindling.jobs.pipeline;
