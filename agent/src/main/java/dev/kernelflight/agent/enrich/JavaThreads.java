package dev.kernelflight.agent.enrich;

import dev.kernelflight.bpf.sys.ThreadStarts;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a {@link ThreadDirectory} from this JVM, and says why where that is impossible: then
 * records keep the kernel's id and name of their thread.
 */
public final class JavaThreads implements AutoCloseable {
  private final ThreadDirectory directory;
  private final VirtualThreads virtualThreads;
  private final boolean followVirtual;
  private final @Nullable HotSpotThreads hotSpot;
  private final @Nullable String whyUnknown;
  private boolean awaitsStarts;
  private volatile boolean sawCarrier;

  private JavaThreads(
      boolean followVirtual,
      Runnable wakeUp,
      @Nullable HotSpotThreads hotSpot,
      @Nullable String whyUnknown) {
    this.followVirtual = followVirtual;
    this.hotSpot = hotSpot;
    this.whyUnknown = whyUnknown;
    awaitsStarts = hotSpot != null;
    virtualThreads = new VirtualThreads(runningVirtual(), wakeUp);
    directory =
        hotSpot == null
            ? new ThreadDirectory(() -> new Thread[0], thread -> -1, System::nanoTime)
            : new ThreadDirectory(
                JavaThreads::running, thread -> find(hotSpot, thread), System::nanoTime);
  }

  /**
   * Finds the threads of this JVM, those that start only after {@link #listen}.
   *
   * @param followVirtual whether to tell virtual threads from the threads that carry them
   * @param wakeUp called by any thread when records should be read soon
   */
  public static JavaThreads of(
      Instrumentation instrumentation, boolean followVirtual, Runnable wakeUp) {
    try {
      return new JavaThreads(followVirtual, wakeUp, new HotSpotThreads(instrumentation), null);
    } catch (ReflectiveOperationException | IOException | RuntimeException e) {
      return new JavaThreads(followVirtual, wakeUp, null, e.toString());
    }
  }

  private int find(HotSpotThreads threads, Thread thread) {
    int tid = threads.osThreadId(thread);
    if (tid > 0) {
      noticeCarrier(threads, tid, thread);
    }
    return tid;
  }

  private void noticeCarrier(HotSpotThreads threads, int tid, Thread thread) {
    if (followVirtual && VirtualThreads.isCarrier(thread)) {
      long currentId = threads.currentIdAddress(thread);
      if (threads.tellsCurrent() && currentId != 0) {
        virtualThreads.carrierStarted(tid, thread, currentId);
      }
      sawCarrier = true;
    }
  }

  /**
   * Asks the JVM to tell of threads that start.
   *
   * @return whether it has decided; a JVM that is still starting up must be asked again
   */
  public boolean listen() {
    HotSpotThreads threads = hotSpot;
    if (awaitsStarts && threads != null) {
      ThreadStarts.Answer answer =
          ThreadStarts.listen(() -> {
            Thread self = Thread.currentThread();
            int tid = threads.ownOsThreadId(self);
            directory.started(tid, self);
            noticeCarrier(threads, tid, self);
          });
      if (answer == ThreadStarts.Answer.YES) {
        directory.expectStarts();
      }
      awaitsStarts = answer == ThreadStarts.Answer.NOT_YET;
    }
    return !awaitsStarts;
  }

  /** Where records look their thread up. */
  public ThreadDirectory directory() {
    return directory;
  }

  /** Where records look up what their carrier ran. */
  public VirtualThreads virtualThreads() {
    return virtualThreads;
  }

  /** Whether there are threads that run virtual ones, which are to be told from them. */
  public boolean sawCarrier() {
    return sawCarrier;
  }

  /** Whether this JVM tells which virtual thread a carrier runs. */
  public boolean tellsVirtualThreads() {
    return hotSpot != null && hotSpot.tellsCurrent();
  }

  /** Why no Java thread can be found, if that is so. */
  public Optional<String> whyUnknown() {
    return Optional.ofNullable(whyUnknown);
  }

  private static Supplier<List<Thread>> runningVirtual() {
    try {
      return new RunningVirtualThreads()::all;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return List::of;
    }
  }

  @Override
  public void close() {
    if (hotSpot != null) {
      ThreadStarts.ignore();
      hotSpot.close();
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
