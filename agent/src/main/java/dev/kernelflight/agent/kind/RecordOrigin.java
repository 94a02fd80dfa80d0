package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.threads.ThreadDirectory;
import dev.kernelflight.agent.threads.VirtualThreads;
import org.jspecify.annotations.Nullable;

/** When and by whom a record was made, in JFR's terms. One thread at a time. */
public final class RecordOrigin {
  private static final int NAME_SLOTS = 256;

  /** So long at most JFR may take from the end of a chunk to the beginning of the next. */
  private static final long CHANGE_OF_CHUNKS_NANOS = 1_000_000_000L;

  private final KernelClock clock;
  private final ThreadDirectory threads;
  private final VirtualThreads virtualThreads;
  private final TextCache names = new TextCache(NAME_SLOTS);

  /** {@link System#nanoTime}; while it changes, a time by which it will have begun. */
  private long chunkBegan = Long.MIN_VALUE;

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

  /** JFR is about to end a chunk; what is drained from now on may come into the next. */
  public void chunkEnds() {
    chunkBegan = System.nanoTime() + CHANGE_OF_CHUNKS_NANOS;
  }

  /** JFR has begun a chunk. */
  public void chunkBegins() {
    chunkBegan = System.nanoTime();
  }

  /**
   * The Java thread, virtual or platform, or null for a thread of the JVM itself, and where the
   * kernel could not read which virtual thread it was.
   */
  @Nullable Thread thread(KernelRecord record) {
    Thread carrier = threads.find(record.tid(), clock.nanoTime(record.start()));
    return virtualThreads.find(carrier, record.javaThread());
  }

  /** The kernel's name of a thread that JFR has no other for, or may have none, else null. */
  @Nullable String osThreadName(KernelRecord record, @Nullable Thread thread) {
    return thread == null || mayLackAName(thread, record)
        ? names.text(record.memory(), record.commOffset(), record.commLength())
        : null;
  }

  /**
   * A chunk has the names of the platform threads that ran in it, and of no others: one that made
   * its last calls after the last look at the buffers, before the chunk began, is missing in it.
   * When JFR changes from one to the other between the two events of a chunk it does not tell.
   */
  private boolean mayLackAName(Thread thread, KernelRecord record) {
    return clock.nanoTime(record.end()) < chunkBegan && !thread.isVirtual() && !thread.isAlive();
  }

  /** The Java thread that has an id now, or null. */
  @Nullable Thread threadNow(int tid) {
    return threads.find(tid, Long.MAX_VALUE);
  }
}
