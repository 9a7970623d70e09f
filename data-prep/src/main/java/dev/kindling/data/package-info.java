/**
 * From raw text to packed token sequences. In the order of the data's way: {@code corpus} reads documents, {@code clean}
 * normalises them, {@code tokenizer} learns and applies byte-pair encoding, {@code pack} cuts the tokens into rows and orders
 * them for training, {@code shard} writes and reads the Parquet files, {@code job} does all of it on Spark. Only {@code job}
 * knows Spark. Read {@link dev.kindling.data.job.PrepJob} first.
 */
package dev.kindling.data;
