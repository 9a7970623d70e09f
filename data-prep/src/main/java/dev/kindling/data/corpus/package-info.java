/**
 * Documents out of files, on any file system that Hadoop knows: plain text and JSON lines, plain or compressed, and the corpus
 * that Kindling brings. Read {@link dev.kindling.data.corpus.CorpusSource} first, then
 * {@link dev.kindling.data.corpus.CorpusReader}.
 */
package dev.kindling.data.corpus;
