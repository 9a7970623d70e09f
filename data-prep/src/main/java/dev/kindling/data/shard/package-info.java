/**
 * Packed rows in files: Parquet shards and the {@code dataset.json} that commits them, as FORMAT.md of this module lays down.
 * Written by the prep job, read by the trainer without Spark. Read {@link dev.kindling.data.shard.PackedDataset} first.
 */
package dev.kindling.data.shard;
