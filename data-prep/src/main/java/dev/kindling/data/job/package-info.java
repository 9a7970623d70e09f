/**
 * Data preparation on Spark: the only package of this module that knows Spark. Documents come in, a tokenizer and a dataset go
 * out, the same for any number of executors, partitions and any order of lines. Read {@link dev.kindling.data.job.PrepJob} first.
 */
package dev.kindling.data.job;
