package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.KernelRecord;
import dev.kernelflight.agent.decode.TextCache;
import dev.kernelflight.agent.enrich.KernelClock;
import dev.kernelflight.agent.enrich.ThreadDirectory;
import dev.kernelflight.agent.enrich.VirtualThreads;
import org.jspecify.annotations.Nullable;

/** When and by whom a record was made, in JFR's terms. One thread at a time. */
public final class RecordOrigin {
  private static final int NAME_SLOTS = 256;

  private final KernelClock clock;
  private final ThreadDirectory threads;
  private final VirtualThreads virtualThreads;
  private final TextCache names = new TextCache(NAME_SLOTS);

  /** Answers with the clock and the threads of one pipeline. */
  public RecordOrigin(KernelClock clock, ThreadDirectory threads, VirtualThreads virtualThreads) {
    this.clock = clock;
    this.threads = threads;
    this.virtualThreads = virtualThreads;
  }

  long startTicks(KernelRecord record) {
    return clock.ticks(record.start());
  }

  long durationTicks(KernelRecord record) {
    return clock.ticks(record.end()) - clock.ticks(record.start());
  }

  /** The Java thread, virtual or platform, or null for a thread of the JVM itself. */
  @Nullable Thread thread(KernelRecord record) {
    Thread thread = threads.find(record.tid(), record.start());
    return virtualThreads.find(thread, record.javaThread());
  }

  /** The kernel's name of a thread that is no Java thread, else null. */
  @Nullable String osThreadName(KernelRecord record, @Nullable Thread thread) {
    return thread == null
        ? names.text(record.memory(), record.commOffset(), record.commLength())
        : null;
  }

  /** The Java thread that has an id now, or null. */
  @Nullable Thread threadNow(int tid) {
    return threads.find(tid, Long.MAX_VALUE);
  }
}
