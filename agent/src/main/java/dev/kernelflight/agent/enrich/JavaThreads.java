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
public final class JavaThreads {
  private final ThreadDirectory directory;
  private final @Nullable String whyUnknown;

  private JavaThreads(ThreadDirectory directory, @Nullable String whyUnknown) {
    this.directory = directory;
    this.whyUnknown = whyUnknown;
  }

  /** Begins to follow the threads of this JVM. */
  public static JavaThreads of(Instrumentation instrumentation) {
    HotSpotThreads hotSpot;
    try {
      hotSpot = new HotSpotThreads(instrumentation);
    } catch (ReflectiveOperationException | IOException | RuntimeException e) {
      return new JavaThreads(
          new ThreadDirectory(() -> new Thread[0], thread -> -1, System::nanoTime), e.toString());
    }
    ThreadDirectory directory =
        new ThreadDirectory(JavaThreads::running, hotSpot::osThreadId, System::nanoTime);
    if (ThreadStarts.listen(
        () -> {
          Thread self = Thread.currentThread();
          directory.started(hotSpot.ownOsThreadId(self), self);
        })) {
      directory.expectStarts();
    }
    return new JavaThreads(directory, null);
  }

  /** Where records look their thread up. */
  public ThreadDirectory directory() {
    return directory;
  }

  /** Why no Java thread can be found, if that is so. */
  public Optional<String> whyUnknown() {
    return Optional.ofNullable(whyUnknown);
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
