package dev.kindling.jobs.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.ExecutorAllocationClient;
import org.apache.spark.SparkContext;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcTimeout;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.apache.spark.storage.BlockManagerMessages.GetBlockStatus;
import org.apache.spark.storage.TestBlockId;
import scala.Option;
import scala.concurrent.duration.FiniteDuration;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag;

/** The executors of an application as its scheduler knows them now, and the removal of one that hangs. */
record ExecutorPool(SparkContext spark) {
  private static final TestBlockId NO_BLOCK = new TestBlockId("kindling");
  /** Who asks gives up sooner; Spark's own limit may be too short, and a call that it ends looks like an answer. */
  private static final RpcTimeout LONG = new RpcTimeout(new FiniteDuration(10, TimeUnit.MINUTES), "kindling");

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

  /**
   * Asks the executor's process for anything at all: for a block that nobody has, which costs it nothing, while a dump of its threads
   * would have to wait until each of them stops.
   *
   * @return is done when it has answered, or is gone, which the scheduler learns by itself
   */
  CompletableFuture<Void> ask(String id) {
    return CompletableFuture.runAsync(() -> {
      Option<RpcEndpointRef> process = spark.env().blockManager().master().getExecutorEndpointRef(id);
      if (process.isDefined()) process.get().askSync(new GetBlockStatus(NO_BLOCK, true), LONG, ClassTag.Any());
    }, asking -> {
      Thread thread = new Thread(asking, "kindling-asks-" + id);
      thread.setDaemon(true);
      thread.start();
    });
  }
}
