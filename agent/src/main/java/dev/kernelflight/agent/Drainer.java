package dev.kernelflight.agent;

import dev.kernelflight.agent.threads.JavaThreads;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The agent's thread. While something is attached the thread waits in the kernel for records, and
 * drains them; about once a second it keeps house. Otherwise, and as soon as the JVM begins to end,
 * the thread waits in Java: a JVM that ends waits up to 300 ms for threads in native code.
 */
final class Drainer {
  /** How long a record waits at most, unless its buffer wakes the thread before. */
  private static final int FLUSH_MILLIS = 50;

  /** The same in a JVM that ends, where no buffer wakes the thread. */
  private static final int ENDING_FLUSH_MILLIS = 5;

  private static final int HOUSEKEEPING_MILLIS = 1000;
  private static final int NICE = -10;

  /** While the JVM is not ready to tell of threads that start. */
  private static final int STARTING_MILLIS = 1;

  /** The longest that draining waits for that. */
  private static final int MOST_STARTING_ROUNDS = 1000;

  private static final int FOREVER = -1;
  private static final int PATIENCE_SECONDS = 10;
  private static final int ENDING_PATIENCE_MILLIS = 100;

  private final Duties duties;
  private final CompletableFuture<Integer> tid = new CompletableFuture<>();
  private final Thread thread = new Thread(this::run, "Kernel Flight Recorder");
  private final Thread jvmEnd = new Thread(this::jvmEnds, "Kernel Flight Recorder: JVM ends");
  private volatile @Nullable Means means;
  private volatile boolean lookSoon;
  private volatile boolean waitsInKernel;
  private volatile boolean jvmEnds;
  private volatile boolean ended;

  /** What the thread does. */
  interface Duties {
    /** Whether there may be records. */
    boolean isAttached();

    /** Commits the records that are there. */
    void drain() throws KernelException;

    /** Whether any recording runs. */
    boolean recordingRuns();

    /** Attaches and detaches as recordings want, and reports. */
    void keepHouse(boolean recordingRuns);

    /** Something failed, and is tried again; throws nothing. */
    void failed(Throwable e);
  }

  /** What draining needs besides the thread; made when it is needed, since it may be short. */
  record Means(Epoll epoll, JavaThreads threads) {}

  private Drainer(Duties duties) {
    this.duties = duties;
  }

  /**
   * Starts the thread.
   *
   * @throws OutOfMemoryError if there can be no more threads now
   */
  static Drainer start(Duties duties) {
    Drainer drainer = new Drainer(duties);
    drainer.thread.setDaemon(true);
    drainer.thread.setContextClassLoader(null);
    drainer.jvmEnd.setContextClassLoader(null);
    drainer.thread.start();
    try {
      Runtime.getRuntime().addShutdownHook(drainer.jvmEnd);
    } catch (IllegalStateException e) {
      drainer.jvmEnds = true;
    }
    return drainer;
  }

  /** The kernel's id of the thread. */
  int tid() throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return tid.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (TimeoutException e) {
      throw new IOException("the agent's thread did not run within " + PATIENCE_SECONDS + " s", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * What draining needs; one thread at a time may ask.
   *
   * @param javaThreads finds this JVM's threads
   */
  Means means(Supplier<JavaThreads> javaThreads) throws KernelException {
    Means ready = means;
    if (ready == null) {
      Epoll epoll = new Epoll();
      try {
        ready = new Means(epoll, javaThreads.get());
      } catch (Throwable e) {
        epoll.close();
        throw e;
      }
      means = ready;
    }
    return ready;
  }

  boolean isAlive() {
    return thread.isAlive();
  }

  /** Has the thread keep house now. */
  void lookSoon() {
    lookSoon = true;
    wakeUp();
  }

  private synchronized void wakeUp() {
    Means ready = means;
    if (ready != null) {
      ready.epoll.wakeUp();
    }
    LockSupport.unpark(thread);
  }

  /** Ends the thread and gives back what it had. */
  void end() {
    ended = true;
    wakeUp();
    try {
      Runtime.getRuntime().removeShutdownHook(jvmEnd);
    } catch (IllegalStateException e) {
      // the JVM ends, too
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Gets the thread out of native code, where a JVM that ends would wait for the thread. */
  private void jvmEnds() {
    jvmEnds = true;
    wakeUp();
    for (int i = 0; waitsInKernel && i < ENDING_PATIENCE_MILLIS; i++) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  private void run() {
    try {
      // a buffer that nobody empties in time loses events; emptying it takes little time
      CurrentProcess.setNice(NICE);
      tid.complete(CurrentProcess.threadId());
    } catch (Throwable e) {
      tid.completeExceptionally(e);
      return;
    }
    try {
      drainUntilEnded();
    } finally {
      close();
    }
  }

  private void drainUntilEnded() {
    long housekept = System.nanoTime();
    boolean recordingRuns = true;
    int startingRounds = 0;
    while (!ended) {
      try {
        Means attached = duties.isAttached() ? means : null;
        boolean starting = attached != null && !attached.threads.listen();
        if (starting && startingRounds < MOST_STARTING_ROUNDS) {
          // nothing else now: until the JVM tells of starts, threads may come and go unknown
          startingRounds++;
          park(STARTING_MILLIS);
          continue;
        }
        await(
            attached == null ? null : attached.epoll,
            starting ? STARTING_MILLIS : FLUSH_MILLIS,
            recordingRuns);
        drain();
        boolean due = System.nanoTime() - housekept > HOUSEKEEPING_MILLIS * 1_000_000L;
        if (attached == null || due || lookSoon) {
          housekept = System.nanoTime();
          lookSoon = false;
          recordingRuns = duties.recordingRuns();
          if (!jvmEnds) {
            // otherwise all is detached in a moment, which takes the kernel less time than this
            duties.keepHouse(recordingRuns);
          }
        }
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  /** What fails here leaves the records where they are, and keeps nobody from keeping house. */
  private void drain() {
    try {
      duties.drain();
    } catch (Throwable e) {
      failed(e);
    }
  }

  /** What failed may fail again at once, and must not take a CPU from the application. */
  private void failed(Throwable e) {
    duties.failed(e);
    park(HOUSEKEEPING_MILLIS);
  }

  private void await(@Nullable Epoll epoll, int flushMillis, boolean recordingRuns)
      throws KernelException {
    if (epoll == null || jvmEnds) {
      int most = epoll == null ? HOUSEKEEPING_MILLIS : ENDING_FLUSH_MILLIS;
      park(recordingRuns ? most : FOREVER);
      return;
    }
    waitsInKernel = true;
    try {
      if (!jvmEnds && !ended) {
        epoll.await(flushMillis);
      }
    } finally {
      waitsInKernel = false;
    }
  }

  /** Waits in Java; an interrupt of the application's ends the wait and nothing else. */
  private static void park(int millis) {
    if (millis == FOREVER) {
      LockSupport.park();
    } else {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }
    Thread.interrupted();
  }

  private synchronized void close() {
    Means ready = means;
    means = null;
    if (ready != null) {
      ready.epoll.close();
    }
  }
}
