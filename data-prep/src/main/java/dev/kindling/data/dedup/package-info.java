/**
 * What makes two texts the same or nearly so: hashes of whole texts and paragraphs, shingles and their MinHash signatures. Texts come
 * in, numbers go out; the comparison of a whole corpus is in {@code job}. Read {@link dev.kindling.data.dedup.DedupSettings} first.
 */
package dev.kindling.data.dedup;
