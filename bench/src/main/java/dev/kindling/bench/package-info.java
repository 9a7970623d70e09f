/**
 * Ours against the peers, side by side in one run. {@link dev.kindling.bench.Side} is one warm process, {@link
 * dev.kindling.bench.Results} the table and the file; each other class is one benchmark that {@code bench/run NAME} starts.
 */
package dev.kindling.bench;
