package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.transport.RunSecret;
import dev.kindling.jobs.transport.SparkCommunicator;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.VirtualRankTree;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceProfileBuilder;
import org.apache.spark.resource.TaskResourceRequests;
import org.apache.spark.util.SerializableConfiguration;
import scala.Function1;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag$;

/**
 * One barrier stage whose tasks are the ranks of a run, one in each executor with all of its cores, for as long as the run
 * lasts. They find one another through the driver and talk directly from then on.
 *
 * @param worldSize ranks; @param cores of each; @param virtualRanks of the run; @param epoch of this attempt
 */
public record RankStage(int worldSize, int cores, int virtualRanks, long epoch, ClusterSettings cluster) {
  /** What every rank does. */
  public interface Body<R extends Serializable> extends Serializable {
    R run(Rank rank) throws Exception;
  }

  /** Everything that a task needs to become a rank. */
  private record Start<R extends Serializable>(RankStage.Settings stage, RunSecret secret, String driverLine,
      SerializableConfiguration hadoop, Body<R> body) implements Serializable {}

  private record Settings(int threads, int virtualRanks, long epoch, ClusterSettings cluster)
      implements
        Serializable {}

  /** Runs the stage. @return what the ranks returned, by rank */
  public <R extends Serializable> List<R> run(SparkContext spark, DriverLine line, Body<R> body) throws Exception {
    return run(spark, line, worldSize, body);
  }

  /**
   * Runs the stage.
   *
   * @param most ranks that the run could use: where executors come back, all are told to end at the next checkpoint
   * @return what the ranks returned, by rank
   * @throws dev.kindling.jobs.transport.RankLostException where the driver misses a rank; else what Spark throws
   */
  <R extends Serializable> List<R> run(SparkContext spark, DriverLine line, int most, Body<R> body) throws Exception {
    return new StageWatch(new ExecutorPool(spark), line, this, most).until(submit(spark, line, body));
  }

  private <R extends Serializable> JavaFutureAction<List<R>> submit(SparkContext spark, DriverLine line,
      Body<R> body) {
    Start<R> start = new Start<>(new Settings(cores, virtualRanks, epoch, cluster), RunSecret.random(), line.name(),
        new SerializableConfiguration(spark.hadoopConfiguration()), body);
    JavaSparkContext java = JavaSparkContext.fromSparkContext(spark);
    RDD<Integer> ranks = java.parallelize(IntStream.range(0, worldSize).boxed().toList(), worldSize).rdd();
    // spark.task.cpus is the whole application's: the ranks ask for their cores themselves
    if (!spark.isLocal() && spark.getConf().getInt("spark.task.cpus", 1) != cores) {
      ranks = ranks.withResources(new ResourceProfileBuilder().require(new TaskResourceRequests().cpus(cores)).build());
    }
    Function1<Iterator<Integer>, Iterator<R>> task = (Function1<Iterator<Integer>, Iterator<R>> & Serializable) i -> CollectionConverters
        .asScala(List.of(runTask(start)).iterator());
    return ranks.barrier().mapPartitions(task, false, ClassTag$.MODULE$.<R>apply(Serializable.class)).toJavaRDD()
        .collectAsync();
  }

  private static <R extends Serializable> R runTask(Start<R> start) {
    BarrierTaskContext task = BarrierTaskContext.get();
    int rank = task.partitionId();
    ToDriver driver = ToDriver.connect(start.driverLine()).alive(rank);
    OffHeapMetrics.register();
    try (driver) {
      int worldSize = task.getTaskInfos().length;
      return worldSize == 1 ? alone(task, driver, start) : together(task, rank, worldSize, driver, start);
    } catch (Throwable e) {
      driver.failed(rank, e);
      return sneak(e);
    }
  }

  private static <R extends Serializable> R alone(BarrierTaskContext task, ToDriver driver, Start<R> start)
      throws Exception {
    try (Alone communicator = new Alone()) {
      RankInterruption.onInterrupt(task, communicator::abort);
      return start.body().run(rank(communicator, driver, start));
    }
  }

  private static <R extends Serializable> R together(BarrierTaskContext task, int rank, int worldSize, ToDriver driver,
      Start<R> start) throws Exception {
    Settings s = start.stage();
    try (SparkCommunicator communicator = SparkCommunicator.listen(rank, worldSize,
        new VirtualRankTree(s.virtualRanks()),
        ExecutorLink.of(s.cluster(), start.secret(), s.epoch(), s.threads()))) {
      RankInterruption.onInterrupt(task, communicator::abort);
      try {
        communicator.connect(meet(task, driver, communicator.address(), s.cluster().start()),
            lost -> driver.failed(rank, lost));
        R result = start.body().run(rank(communicator, driver, start));
        communicator.leave();
        return result;
      } catch (Throwable e) {
        driver.failed(rank, e);                  // before the peers see the connection close and fail of that
        throw e;
      }
    }
  }

  /** Tells all ranks where this one listens. @return where each does, by rank */
  private static List<String> meet(BarrierTaskContext task, ToDriver driver, String address, Duration patience)
      throws Exception {
    List<String> executors = new ArrayList<>();
    List<String> addresses = new ArrayList<>();
    String here = SparkEnv.get().executorId() + " " + address;
    int worldSize = task.getTaskInfos().length;
    for (String line : driver.meet(task.partitionId(), worldSize, here, patience, task::isInterrupted)) {
      int space = line.indexOf(' ');
      int other = executors.indexOf(line.substring(0, space));
      if (other >= 0) {
        throw new UserError("ranks " + other + " and " + executors.size() + " were both placed in executor "
            + line.substring(0, space)
            + "; a rank takes a whole executor: set spark.executor.cores so that all executors are alike, "
            + "and spark.task.cpus to the same");
      }
      executors.add(line.substring(0, space));
      addresses.add(line.substring(space + 1));
    }
    return addresses;
  }

  private static Rank rank(Communicator communicator, ToDriver driver, Start<?> start) {
    return new Rank(communicator.rank(), communicator.worldSize(), start.stage().threads(), start.stage().epoch(),
        start.hadoop().value(), communicator, driver);
  }

  /** Spark's functions declare nothing, but a failed task shows its own exception. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable, R> R sneak(Throwable e) throws E {
    throw (E) e;
  }
}
