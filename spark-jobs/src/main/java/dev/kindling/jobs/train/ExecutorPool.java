package dev.kindling.jobs.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.ExecutorAllocationClient;
import org.apache.spark.SparkContext;
import org.apache.spark.status.api.v1.ExecutorSummary;
import scala.jdk.javaapi.CollectionConverters;

/** The executors of an application as its scheduler knows them now, and the removal of one that hangs. */
record ExecutorPool(SparkContext spark) {
  /** One that tasks can be given to. */
  record Member(String id, int cores) {}

  /** In local mode the driver, which runs the tasks itself. */
  List<Member> members() {
    List<Member> members = new ArrayList<>();
    for (ExecutorSummary e : CollectionConverters.asJava(spark.statusStore().executorList(true))) {
      boolean runsTasks = spark.isLocal() || !e.id().equals("driver");
      if (runsTasks && e.isActive() && !e.isExcluded() && e.totalCores() > 0 && isActive(e.id())) {
        members.add(new Member(e.id(), e.totalCores()));
      }
    }
    return members;
  }

  /** Whether the scheduler still has it and does not wait for its end: known before Spark's listeners are told. */
  boolean isActive(String id) {
    return !(spark.schedulerBackend() instanceof ExecutorAllocationClient client) || client.isExecutorActive(id);
  }

  boolean isLocal() {
    return spark.isLocal();
  }

  /** Has it ended whatever state it is in, and another one started in its place where the cluster can. */
  void replace(String id) {
    spark.killAndReplaceExecutor(id);
  }

  /** Whether the executor's process answers at all, however busy it is: it is asked for its threads. */
  boolean answers(String id, long nanos) {
    CompletableFuture<Boolean> asked = new CompletableFuture<>();
    Thread asking = new Thread(() -> asked.complete(spark.getExecutorThreadDump(id).isDefined()),
        "kindling-asks-" + id);
    asking.setDaemon(true);
    asking.start();
    try {
      asked.get(nanos, TimeUnit.NANOSECONDS);
      return true;                               // or it is gone, which the scheduler learns by itself
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }
}
