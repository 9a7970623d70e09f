package dev.kindling.jobs.train;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import dev.kindling.train.tensor.Memory;
import java.lang.ref.WeakReference;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;

/**
 * Memory outside the heap among an executor's metrics, which Spark's own accounting does not see: the gauge
 * {@code APPLICATION.EXECUTOR.kindling.offHeapBytes}, for every sink that the cluster configures.
 */
final class OffHeapMetrics implements Source {
  static final String NAME = "kindling";
  static final String BYTES = "offHeapBytes";
  private static WeakReference<MetricsSystem> registered = new WeakReference<>(null);
  private final MetricRegistry registry = new MetricRegistry();

  private OffHeapMetrics() {
    registry.register(BYTES, (Gauge<Long>) Memory::inUse);
  }

  /** Called in an executor, by each of its ranks; it is registered once. */
  static synchronized void register() {
    MetricsSystem metrics = SparkEnv.get().metricsSystem();
    if (metrics == registered.get()) return;
    metrics.registerSource(new OffHeapMetrics());
    registered = new WeakReference<>(metrics);
  }

  @Override
  public String sourceName() {
    return NAME;
  }

  @Override
  public MetricRegistry metricRegistry() {
    return registry;
  }
}
