package dev.kernelflight.agenttests.apps;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** All threads that the process may have; not more than some hundreds, if it is started so. */
final class SpareThreads {
  private static final int STACK_BYTES = 1 << 16;

  private final List<Thread> taken = new ArrayList<>();
  private CountDownLatch end = new CountDownLatch(1);

  void takeAll() {
    CountDownLatch awaited = end;
    try {
      while (true) {
        Thread thread =
            new Thread(
                null,
                () -> {
                  try {
                    awaited.await();
                  } catch (InterruptedException e) {
                    // then this ends, too
                  }
                },
                "spare",
                STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        taken.add(thread);
      }
    } catch (OutOfMemoryError e) {
      // that was the last one
    }
  }

  void giveBack() throws InterruptedException {
    end.countDown();
    for (Thread thread : taken) {
      thread.join();
    }
    taken.clear();
    end = new CountDownLatch(1);
  }
}
