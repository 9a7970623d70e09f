package dev.kindling.jobs.command;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** The file systems of verbs that need no Spark session: what Hadoop's files and {@code spark.hadoop.*} say. */
final class HadoopFiles {
  private HadoopFiles() {
  }

  static Configuration configuration() {
    return SparkHadoopUtil.get().newConfiguration(new SparkConf());
  }
}
