package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SessionsTest {
  @Test
  void aJobThatBeginsIsCountedOnceWhereVerbsShareASession() throws Exception {
    long before = Sessions.jobsBegun();
    try (Sessions.Shared shared = Sessions.shared();
        Sessions.Opened first = Sessions.open("first");
        Sessions.Opened second = Sessions.open("second")) {
      SparkSession spark = second.session();
      assertThat(spark).isSameAs(first.session());
      assertThat(Sessions.jobsBegun()).isEqualTo(before);
      JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(List.of(1, 2), 1).count();
      spark.sparkContext().listenerBus().waitUntilEmpty();
      assertThat(Sessions.jobsBegun()).isEqualTo(before + 1);
    }
  }
}
