package dev.kernelflight.agent.attach;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C, or another signal to end, as something to wait for: as long as this is open the program
 * does not end by it, so that it can finish what it has begun.
 */
public final class Interruption implements AutoCloseable {
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch finished = new CountDownLatch(1);

  public Interruption() {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              asked.countDown();
              try {
                finished.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
  }

  /** Waits for so long, or until the program is asked to end; returns whether it is. */
  boolean await(long nanos) {
    try {
      return asked.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  @Override
  public void close() {
    finished.countDown();
  }
}
