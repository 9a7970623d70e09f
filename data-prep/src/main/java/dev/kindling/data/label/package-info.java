/** What texts are labelled with. {@link dev.kindling.data.label.LabelKind} goes with a record from the corpus to its row in a shard. */
package dev.kindling.data.label;
