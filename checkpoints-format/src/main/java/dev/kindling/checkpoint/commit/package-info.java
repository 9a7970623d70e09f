/**
 * Checkpoints of a run: folders that are either whole or not there. Ranks write files, the first one commits them with
 * a manifest; a reader takes the newest that is whole and loads it for any number of ranks. {@code FORMAT.md} of this
 * module is the specification. Read {@link dev.kindling.checkpoint.commit.CheckpointStore} first.
 */
package dev.kindling.checkpoint.commit;
