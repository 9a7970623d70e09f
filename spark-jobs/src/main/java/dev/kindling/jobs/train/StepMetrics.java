package dev.kindling.jobs.train;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import dev.kindling.train.loop.StepFacts;
import dev.kindling.train.profile.Part;
import java.lang.ref.WeakReference;
import java.util.function.ToDoubleFunction;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;

/**
 * A rank's newest step among its executor's metrics, for whatever sink Spark is told to use: {@code kindling.step}, {@code loss}, {@code
 * gradientNorm}, {@code tokensPerSecond} (of the whole run), {@code rank}, {@code slowestRank}, and the shares of this rank's time, {@code
 * computeShare}, {@code dataShare}, {@code waitShare}, {@code networkShare}, {@code checkpointShare}.
 */
final class StepMetrics implements Source {
  private static WeakReference<MetricsSystem> known = new WeakReference<>(null);
  private static StepMetrics registered;
  private final MetricRegistry registry = new MetricRegistry();
  private volatile Newest newest;

  private record Newest(StepFacts facts, int rank) {}

  private StepMetrics() {
    gauge("rank", n -> n.rank);
    gauge("step", n -> n.facts.step());
    gauge("loss", n -> n.facts.loss());
    gauge("gradientNorm", n -> n.facts.gradientNorm());
    gauge("tokensPerSecond", n -> n.facts.tokensPerSecond());
    gauge("slowestRank", n -> n.facts.slowest());
    share("compute", Part.COMPUTE);
    share("data", Part.DATA);
    share("wait", Part.WAIT);
    share("network", Part.NETWORK);
    share("checkpoint", Part.SAVE);
  }

  private void share(String name, Part part) {
    gauge(name + "Share", n -> n.facts.share(part, n.rank));
  }

  private void gauge(String name, ToDoubleFunction<Newest> value) {
    registry.register(name, (Gauge<Double>) () -> {
      Newest now = newest;
      return now == null ? Double.NaN : value.applyAsDouble(now);
    });
  }

  /** This executor's, registered once. */
  static synchronized StepMetrics here() {
    MetricsSystem metrics = SparkEnv.get().metricsSystem();
    if (metrics != known.get()) {
      registered = new StepMetrics();
      metrics.registerSource(registered);
      known = new WeakReference<>(metrics);
    }
    return registered;
  }

  void show(StepFacts facts, int rank) {
    newest = new Newest(facts, rank);
  }

  @Override
  public String sourceName() {
    return OffHeapMetrics.NAME;
  }

  @Override
  public MetricRegistry metricRegistry() {
    return registry;
  }
}
