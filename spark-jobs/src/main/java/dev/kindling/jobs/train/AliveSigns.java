package dev.kindling.jobs.train;

import dev.kindling.train.loop.StopRequest;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's signs of life to the driver, one after another, and the orders that come with the answers. An answer that is late must not
 * hold the next sign back: a driver that was busy for a moment would take the rank for frozen.
 */
final class AliveSigns {
  private static final Logger LOG = LoggerFactory.getLogger(AliveSigns.class);
  private static final long PAUSE_MILLIS = 500;
  private static final long PATIENCE_SECONDS = 1;

  /** Asks the driver. */
  interface Question {
    /** @param seconds that an answer is waited for; @throws Exception where none comes */
    Object ask(String[] message, long seconds) throws Exception;
  }

  /** Lets time go by. */
  interface Pause {
    void of(long millis) throws InterruptedException;
  }

  private final String[] sign;
  private final Question driver;
  private final Pause pause;
  private final Consumer<StopRequest> orders;

  /** @param orders is given what the driver answers, {@link StopRequest#NONE} too */
  AliveSigns(int rank, String executor, Question driver, Pause pause, Consumer<StopRequest> orders) {
    this.sign = new String[]{DriverLine.ALIVE, Integer.toString(rank), executor};
    this.driver = driver;
    this.pause = pause;
    this.orders = orders;
  }

  /** A thread's whole work; it ends early where the thread is interrupted. */
  void giveUntil(BooleanSupplier ended) {
    try {
      while (!ended.getAsBoolean()) {
        give();
        pause.of(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      LOG.debug("no more signs of life", e);
    }
  }

  private void give() throws InterruptedException {
    try {
      orders.accept(StopRequest.valueOf(driver.ask(sign, PATIENCE_SECONDS).toString()));
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {                      // Spark's checked exceptions are not declared
      LOG.warn("The driver did not answer a sign of life: {}", e.toString());
    }
  }
}
