package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An executor is a process that can be stopped. */
@Tag("slow")
@Timeout(200)
class ExecutorPoolTest {
  @Test
  void anExecutorAnswersUnlessItsProcessIsStopped() throws Exception {
    try (SparkSession spark = Sessions.cluster(1)) {
      ClusterSlots.await(spark.sparkContext(), 1, 150);
      ExecutorPool pool = new ExecutorPool(spark.sparkContext());
      String id = pool.members().get(0).id();
      long pid = JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(List.of(1), 1)
          .map(one -> ProcessHandle.current().pid()).first();
      assertThat(pool.ask(id).get(60, TimeUnit.SECONDS)).isNull();
      signal("STOP", pid);
      while (!isStopped(pid)) Thread.sleep(20);  // one of its threads must run to stop them all
      CompletableFuture<Void> answer = pool.ask(id);
      try {
        assertThatThrownBy(() -> answer.get(3, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
      } finally {
        signal("CONT", pid);
      }
      assertThat(answer.get(60, TimeUnit.SECONDS)).isNull();
      assertThat(pool.ask("one that is gone").get(60, TimeUnit.SECONDS)).isNull();
    }
  }

  private static boolean isStopped(long pid) throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads.toList()) {
        String stat = Files.readString(thread.resolve("stat"));
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') return false;
      }
    }
    return true;
  }

  private static void signal(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor()).isZero();
  }
}
