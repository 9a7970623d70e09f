package dev.kindling.jobs.transport;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;

/** What is logged of refusals while it is open; the console has nothing of it. */
final class RefusalLines extends AbstractAppender implements AutoCloseable {
  private static final String NAME = Refusals.class.getName();
  private static final long PATIENCE_MILLIS = 10_000;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  RefusalLines() {
    super("refusals", null, null, false, Property.EMPTY_ARRAY);
    start();
    Configurator.setLevel(NAME, Level.WARN);
    logger().addAppender(this);
    logger().setAdditive(false);
  }

  private static Logger logger() {
    return (Logger) LogManager.getLogger(NAME);
  }

  @Override
  public void append(LogEvent event) {
    lines.add(event.getLevel() + " " + event.getMessage().getFormattedMessage());
  }

  List<String> lines() {
    return List.copyOf(lines);
  }

  /** Ranks refuse on threads of their own. @return the lines that end so, as many as asked for, or those that came in time */
  List<String> await(int count, String end) throws InterruptedException {
    long start = System.nanoTime();
    while (true) {
      List<String> found = lines.stream().filter(line -> line.endsWith(end)).toList();
      if (found.size() >= count || System.nanoTime() - start > PATIENCE_MILLIS * 1_000_000) return found;
      Thread.sleep(10);
    }
  }

  @Override
  public void close() {
    logger().removeAppender(this);
    logger().setAdditive(true);
    Configurator.setLevel(NAME, Level.ERROR);
    stop();
  }
}
