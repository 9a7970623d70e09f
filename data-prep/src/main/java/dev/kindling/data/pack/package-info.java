/**
 * Rows of tokens: how the stream of all documents is cut into rows of equal length, and in which order training sees them.
 * Plain arithmetic, no files. Read {@link dev.kindling.data.pack.RowCut} first, then {@link dev.kindling.data.pack.SampleOrder}.
 */
package dev.kindling.data.pack;
