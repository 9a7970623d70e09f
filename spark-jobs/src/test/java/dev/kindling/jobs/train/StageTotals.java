package dev.kindling.jobs.train;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import scala.jdk.javaapi.CollectionConverters;

/** What Spark's page of the newest stage of ranks counts. */
final class StageTotals extends SparkListener {
  private final Map<String, Object> totals = new ConcurrentHashMap<>();
  private final SparkContext spark;

  private StageTotals(SparkContext spark) {
    this.spark = spark;
  }

  /** Of the stages to come. */
  static StageTotals of(SparkContext spark) {
    StageTotals totals = new StageTotals(spark);
    spark.addSparkListener(totals);
    return totals;
  }

  @Override
  public void onStageCompleted(SparkListenerStageCompleted stage) {
    CollectionConverters.asJava(stage.stageInfo().accumulables().values())
        .forEach(a -> totals.put(a.name().get(), a.value().get()));
  }

  /** Waits until all is counted of the stages that have ended. */
  void upToDate() throws TimeoutException {
    spark.listenerBus().waitUntilEmpty();
  }

  long count(String name) {
    return ((Number) totals.get("kindling." + name)).longValue();
  }

  double seconds(String part) {
    return ((Number) totals.get("kindling." + part + "Seconds")).doubleValue();
  }
}
