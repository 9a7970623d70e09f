/**
 * The demo: the whole way from the bundled corpus to an exported model, stage by stage, each done once and remembered in the
 * output folder. Read {@link dev.kindling.jobs.demo.Demo} first.
 */
package dev.kindling.jobs.demo;
