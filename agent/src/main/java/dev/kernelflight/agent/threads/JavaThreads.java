package dev.kernelflight.agent.threads;

import dev.kernelflight.bpf.Carriers;
import dev.kernelflight.bpf.sys.ThreadStarts;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What this process tells of its threads: those that run, each that starts, and which virtual
 * thread a carrier runs. There is one of it in a process. Whoever reads records subscribes, and
 * ends nothing for another when it unsubscribes; while nobody subscribes, nothing is told or kept.
 * Thread-safe.
 */
public final class JavaThreads {
  private static @Nullable JavaThreads ofThisProcess;

  private final @Nullable HotSpotThreads hotSpot;
  private final VirtualThreadNews news;
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

  /** What the JVM said when it was asked to tell of threads that start. */
  private ThreadStarts.Answer starts = ThreadStarts.Answer.NOT_YET;

  private JavaThreads(Instrumentation instrumentation, Consumer<String> warn) {
    news =
        new VirtualThreadNews(
            instrumentation,
            thread -> subscriptions.forEach(one -> one.virtualThreads.changed(thread)),
            () -> subscriptions.forEach(one -> one.virtualThreads.expectNews()),
            warn);
    HotSpotThreads found = null;
    try {
      found = new HotSpotThreads(instrumentation);
      ThreadStarts.suppose(HotSpotThreads.nativeAgent(instrumentation));
    } catch (ReflectiveOperationException | IOException | RuntimeException e) {
      warn.accept("no Java threads: " + e);
    }
    hotSpot = found;
  }

  /**
   * The threads of this JVM. Where they cannot be found, records keep the kernel's id and name.
   *
   * @param warn told why they cannot be found, or virtual threads not be told from their carriers
   */
  public static synchronized JavaThreads ofThisProcess(
      Instrumentation instrumentation, Consumer<String> warn) {
    JavaThreads known = ofThisProcess;
    if (known == null) {
      known = new JavaThreads(instrumentation, warn);
      ofThisProcess = known;
    }
    return known;
  }

  /** What a reader of records knows of the threads that made them; until it is closed. */
  public final class Subscription implements AutoCloseable {
    private final ThreadDirectory directory;
    private final VirtualThreads virtualThreads;
    private final boolean followVirtual;

    private Subscription(Carriers kernel, boolean followVirtual, Runnable wakeUp) {
      this.followVirtual = followVirtual;
      virtualThreads = new VirtualThreads(runningVirtual(), wakeUp);
      virtualThreads.begin(kernel);
      HotSpotThreads threads = hotSpot;
      directory =
          threads == null
              ? new ThreadDirectory(() -> new Thread[0], thread -> -1, System::nanoTime, wakeUp)
              : new ThreadDirectory(
                  JavaThreads::running, thread -> find(threads, thread), System::nanoTime, wakeUp);
    }

    private int find(HotSpotThreads threads, Thread thread) {
      int tid = threads.osThreadId(thread);
      if (tid > 0) {
        noticeCarrier(threads, tid, thread);
      }
      return tid;
    }

    /** Returns whether it is one whose virtual threads are to be told from it. */
    private boolean noticeCarrier(HotSpotThreads threads, int tid, Thread thread) {
      if (!followVirtual || !VirtualThreads.isCarrier(thread)) {
        return false;
      }
      long currentId = threads.currentIdAddress(thread);
      if (threads.tellsCurrent() && currentId != 0) {
        virtualThreads.carrierStarted(tid, thread, currentId);
      }
      news.begin(threads.tellsCurrent());
      return true;
    }

    /** Where records look their thread up. */
    public ThreadDirectory directory() {
      return directory;
    }

    /** Where records look up what their carrier ran. */
    public VirtualThreads virtualThreads() {
      return virtualThreads;
    }

    /**
     * Whose the calls of virtual threads are: since when their own, or why their carriers'. Null as
     * long as there are none.
     */
    public @Nullable String callsOfVirtualThreads() {
      return followVirtual ? news.state() : "their carriers', by the option virtual-threads=false";
    }

    @Override
    public void close() {
      unsubscribe(this);
      virtualThreads.end();
    }
  }

  /**
   * Tells of threads from now on. Where virtual threads run already, this waits until they are told
   * from their carriers.
   *
   * @param kernel is told which threads carry virtual ones
   * @param followVirtual whether to tell virtual threads from the threads that carry them
   * @param wakeUp called by any thread when records should be read soon
   */
  public Subscription subscribe(Carriers kernel, boolean followVirtual, Runnable wakeUp) {
    Subscription subscription = new Subscription(kernel, followVirtual, wakeUp);
    subscriptions.add(subscription);
    if (news.isTold()) {
      subscription.virtualThreads.expectNews();
    }
    synchronized (this) {
      listen();
      if (starts == ThreadStarts.Answer.YES) {
        subscription.directory.expectStarts();
      }
    }
    subscription.directory.look();
    if (followVirtual && news.state() != null) {
      news.await();
    }
    return subscription;
  }

  private synchronized void unsubscribe(Subscription subscription) {
    subscriptions.remove(subscription);
    if (subscriptions.isEmpty() && starts == ThreadStarts.Answer.YES) {
      ThreadStarts.ignore();
      starts = ThreadStarts.Answer.NOT_YET;
    }
  }

  /**
   * Asks the JVM to tell of threads that start, while anybody wants to know.
   *
   * @return whether it has decided; a JVM that is still starting up must be asked again
   */
  public synchronized boolean listen() {
    HotSpotThreads threads = hotSpot;
    if (threads == null || subscriptions.isEmpty()) {
      return true;
    }
    if (starts == ThreadStarts.Answer.NOT_YET) {
      starts = ThreadStarts.listen(() -> threadStarted(threads));
      if (starts == ThreadStarts.Answer.YES) {
        subscriptions.forEach(one -> one.directory.expectStarts());
      }
    }
    return starts != ThreadStarts.Answer.NOT_YET;
  }

  /**
   * On the thread that starts, before it runs anything. A carrier waits until its virtual threads
   * will be told from it: of those that run, start and end meanwhile there are none.
   */
  private void threadStarted(HotSpotThreads threads) {
    Thread self = Thread.currentThread();
    int tid = threads.ownOsThreadId(self);
    boolean wait = false;
    for (Subscription one : subscriptions) {
      one.directory.started(tid, self);
      wait |= one.noticeCarrier(threads, tid, self);
    }
    if (wait) {
      news.await();
    }
  }

  private static Supplier<List<Thread>> runningVirtual() {
    try {
      return new RunningVirtualThreads()::all;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return List::of;
    }
  }

  /** All platform threads, which costs no safepoint. */
  private static Thread[] running() {
    ThreadGroup root = Thread.currentThread().getThreadGroup();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    Thread[] threads = new Thread[root.activeCount() + 32];
    int count = root.enumerate(threads, true);
    while (count == threads.length) {
      threads = new Thread[2 * count];
      count = root.enumerate(threads, true);
    }
    return Arrays.copyOf(threads, count);
  }
}
