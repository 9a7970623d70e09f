package dev.kindling.jobs.train;

import dev.kindling.train.collective.Communicator;
import org.apache.hadoop.conf.Configuration;

/**
 * What a rank is given.
 *
 * @param threads the cores that its task has; never more are used
 * @param conf Hadoop's settings as the driver has them
 * @param communicator with the other ranks; closed by who made it
 * @param epoch of the attempt, as frames and checkpoints carry it
 */
public record Rank(int rank, int worldSize, int threads, long epoch, Configuration conf, Communicator communicator,
    ToDriver driver) {}
