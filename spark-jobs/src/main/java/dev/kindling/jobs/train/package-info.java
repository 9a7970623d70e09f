/**
 * Training on a Spark cluster: one long-lived barrier stage, one rank an executor. In: a PretrainConfig and packed
 * rows in Parquet; out: checkpoint folders and a PretrainResult. Read PretrainJob first, which tells a job's story in the
 * driver, then PretrainRank, which tells a rank's; {@link RankStage} is how ranks come to be. What touches Spark's inner
 * classes is in {@link DriverLine}, {@link ToDriver}, {@link ClusterSlots}, {@link ExecutorPool} and {@link RankInterruption}.
 */
package dev.kindling.jobs.train;
