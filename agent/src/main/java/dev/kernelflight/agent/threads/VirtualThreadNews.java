package dev.kernelflight.agent.threads;

import java.lang.instrument.Instrumentation;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one source of news about virtual threads in this process: the JDK's class of them, which is
 * changed once, when the first carrier is there. That costs time that most JVMs need not pay, as
 * they have no virtual threads. Thread-safe.
 */
final class VirtualThreadNews {
  /** Whoever waits for the change waits no longer than this: the application goes on. */
  private static final long LONGEST_WAIT_MILLIS = 2000;

  private final Instrumentation instrumentation;
  private final Consumer<Thread> listener;
  private final Runnable onTold;
  private final Consumer<String> warn;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch decided = new CountDownLatch(1);
  private volatile boolean told;
  private volatile @Nullable String state;

  /**
   * @param listener called by whoever starts a virtual thread, or by one that ended
   * @param onTold called once, when the listener is called for every thread from then on
   * @param warn told why that is impossible
   */
  VirtualThreadNews(
      Instrumentation instrumentation,
      Consumer<Thread> listener,
      Runnable onTold,
      Consumer<String> warn) {
    this.instrumentation = instrumentation;
    this.listener = listener;
    this.onTold = onTold;
    this.warn = warn;
  }

  /** Whether the listener is called for every thread. */
  boolean isTold() {
    return told;
  }

  /** Since when virtual threads are told apart, or why they are not; null before the first. */
  @Nullable String state() {
    return state;
  }

  /** There are virtual threads: begins to tell of them, unless that was begun before. */
  void begin(boolean tellsCurrent) {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    if (!tellsCurrent) {
      failed("this JVM does not tell which of them runs; JDK 24 or newer does");
      return;
    }
    state = "their carriers', until the JDK's class VirtualThread is changed";
    try {
      // another thread, so that nobody waits without end where somebody else's transformer does
      Thread weaver =
          new Thread(rootGroup(), this::weave, "Kernel Flight Recorder: virtual threads");
      weaver.setDaemon(true);
      weaver.setContextClassLoader(null);
      weaver.start();
    } catch (Throwable e) {
      failed("no thread could be started: " + e);
    }
  }

  /** Waits until the listener is called for every thread, or it is certain that it will not be. */
  void await() {
    try {
      decided.await(LONGEST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void weave() {
    try {
      VirtualThreadWeaver.weave(instrumentation, thread -> listener.accept((Thread) thread));
      told = true;
      onTold.run();
      state = "their own since " + Instant.now();
      decided.countDown();
    } catch (Throwable e) {
      failed("this JVM's class of them cannot be changed: " + e);
    }
  }

  private void failed(String why) {
    state = "their carriers': " + why;
    decided.countDown();
    warn.accept("virtual threads appear as the threads that carry them: " + why);
  }

  private static ThreadGroup rootGroup() {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    return group;
  }
}
