package dev.kernelflight.agent.enrich;

import dev.kernelflight.bpf.sys.ThreadStarts;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a {@link ThreadDirectory} from this JVM, and says why where that is impossible: then
 * records keep the kernel's id and name of their thread.
 */
public final class JavaThreads implements AutoCloseable {
  private final ThreadDirectory directory;
  private final @Nullable HotSpotThreads hotSpot;
  private final @Nullable String whyUnknown;
  private boolean awaitsStarts;

  private JavaThreads(
      ThreadDirectory directory, @Nullable HotSpotThreads hotSpot, @Nullable String whyUnknown) {
    this.directory = directory;
    this.hotSpot = hotSpot;
    this.whyUnknown = whyUnknown;
    awaitsStarts = hotSpot != null;
  }

  /** Finds the threads of this JVM, those that start only after {@link #listen}. */
  public static JavaThreads of(Instrumentation instrumentation) {
    try {
      HotSpotThreads hotSpot = new HotSpotThreads(instrumentation);
      return new JavaThreads(
          new ThreadDirectory(JavaThreads::running, hotSpot::osThreadId, System::nanoTime),
          hotSpot,
          null);
    } catch (ReflectiveOperationException | IOException | RuntimeException e) {
      return new JavaThreads(
          new ThreadDirectory(() -> new Thread[0], thread -> -1, System::nanoTime),
          null,
          e.toString());
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
            directory.started(threads.ownOsThreadId(self), self);
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

  /** Why no Java thread can be found, if that is so. */
  public Optional<String> whyUnknown() {
    return Optional.ofNullable(whyUnknown);
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
