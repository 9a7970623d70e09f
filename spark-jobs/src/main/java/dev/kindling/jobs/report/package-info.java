/** Self-contained HTML about a run: figures, text and plots in one file that needs no network. Read {@link Report} first. */
package dev.kindling.jobs.report;
