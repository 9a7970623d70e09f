/**
 * From raw text to packed token sequences. In the order of the data's way: {@code corpus} reads documents, {@code clean}
 * normalises and filters them, {@code dedup} and {@code decontaminate} say which are the same and which hold a piece of an
 * evaluation, {@code tokenizer} learns and applies byte-pair encoding, {@code pack} cuts the tokens into rows and orders them for
 * training, {@code shard} writes and reads the Parquet files, {@code job} does all of it on Spark. Only {@code job} knows Spark.
 * Read {@link dev.kindling.data.job.PrepJob} first.
 */
package dev.kindling.data;
