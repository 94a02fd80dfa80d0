package dev.kernelflight.agent.enrich;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which Java thread a kernel thread id belonged to when a record was made.
 *
 * <p>Threads are learned in two ways: those that say so when they start ({@link #started}) at once,
 * so that a thread that lives for a moment only is known when its records are drained; the others
 * by a look at all running threads when an unknown id comes up. A thread that ended is forgotten a
 * while later, when its last records are drained. Where the kernel has given its id to another
 * thread by then, the time of that one's start decides.
 *
 * <p>{@link #started} may be called from any thread, everything else from one at a time.
 */
public final class ThreadDirectory {
  /** How long an unknown id is no reason for another look, where threads say that they start. */
  static final long LOOK_AGAIN_NANOS = 1_000_000_000L;

  /** The same where they do not: a thread may be unknown for so long after its start. */
  static final long LOOK_AGAIN_UNTOLD_NANOS = 20_000_000L;

  /** So long at least is remembered who ended. */
  static final long FORGET_NANOS = 5_000_000_000L;

  private static final int FIRST_SLOTS = 256;

  private static final class Binding {
    final int tid;
    final Thread thread;
    final long since;
    @Nullable Binding previous;
    long foundDead;

    Binding(int tid, Thread thread, long since, @Nullable Binding previous) {
      this.tid = tid;
      this.thread = thread;
      this.since = since;
      this.previous = previous;
    }
  }

  private record Start(int tid, Thread thread, long nanos) {}

  private final Supplier<Thread[]> runningThreads;
  private final ToIntFunction<Thread> osThreadId;
  private final LongSupplier nanoTime;
  private final ConcurrentLinkedQueue<Start> starts = new ConcurrentLinkedQueue<>();
  private volatile boolean toldOfStarts;

  /** Whether those that started just before {@link #expectStarts} are still to be looked for. */
  private volatile boolean lookOnce;

  private long lastLook = Long.MIN_VALUE / 2;
  private long lastForgetting;
  private long lastUpdate;

  /** Open addressing by tid, at most half full. */
  private @Nullable Binding[] slots = new Binding[FIRST_SLOTS];

  private int size;

  /**
   * @param runningThreads all platform threads that run
   * @param osThreadId the kernel's id of a thread, negative if it does not run
   * @param nanoTime the clock that records are stamped with
   */
  public ThreadDirectory(
      Supplier<Thread[]> runningThreads, ToIntFunction<Thread> osThreadId, LongSupplier nanoTime) {
    this.runningThreads = runningThreads;
    this.osThreadId = osThreadId;
    this.nanoTime = nanoTime;
  }

  /** From now on every thread that starts is told by {@link #started}; any thread may say so. */
  public void expectStarts() {
    toldOfStarts = true;
    lookOnce = true;
  }

  /** A thread has started; called by itself or about it, before it makes a record. */
  public void started(int tid, Thread thread) {
    starts.add(new Start(tid, thread, nanoTime.getAsLong()));
  }

  /** Takes in the threads that started; called before each pass over the records. */
  public void update() {
    takeInStarts();
    if (lookOnce) {
      lookAtRunning();
    }
    lastUpdate = nanoTime.getAsLong();
  }

  /**
   * Forgets threads that ended; called after a pass that had all records from before the last
   * {@link #update}. A pass may take long, and another one leave records for the next: so no time
   * alone makes certain that a thread has no more of them.
   */
  public void drained() {
    long now = nanoTime.getAsLong();
    if (now - lastForgetting > LOOK_AGAIN_NANOS) {
      lastForgetting = now;
      forgetEnded(now);
    }
  }

  private void takeInStarts() {
    for (Start start = starts.poll(); start != null; start = starts.poll()) {
      bind(start.tid, start.thread, start.nanos);
    }
  }

  /**
   * The Java thread of a record, or null if it is of none.
   *
   * @param nanos when the record was made
   */
  public @Nullable Thread find(int tid, long nanos) {
    Binding binding = slots[slot(tid)];
    if (binding == null) {
      takeInStarts();
      lookAtRunning();
      binding = slots[slot(tid)];
    }
    while (binding != null && binding.since > nanos && binding.previous != null) {
      binding = binding.previous;
    }
    return binding == null ? null : binding.thread;
  }

  private void lookAtRunning() {
    long now = nanoTime.getAsLong();
    long pause = toldOfStarts ? LOOK_AGAIN_NANOS : LOOK_AGAIN_UNTOLD_NANOS;
    if (!lookOnce && now - lastLook < pause) {
      return;
    }
    lookOnce = false;
    for (Thread thread : runningThreads.get()) {
      int tid = osThreadId.applyAsInt(thread);
      if (tid > 0) {
        bind(tid, thread, lastLook);
      }
    }
    lastLook = now;
  }

  private void bind(int tid, Thread thread, long since) {
    int slot = slot(tid);
    Binding bound = slots[slot];
    if (bound == null) {
      slots[slot] = new Binding(tid, thread, since, null);
      if (++size * 2 > slots.length) {
        rehash(slots.length * 2);
      }
    } else if (bound.thread != thread) {
      // it had to wait for the id, which the one before had when it started
      slots[slot] = new Binding(tid, thread, Math.max(since, bound.since + 1), bound);
    }
  }

  private int slot(int tid) {
    int mask = slots.length - 1;
    int slot = ((tid * 0x9E3779B1) >>> 16) & mask;
    for (Binding at = slots[slot]; at != null && at.tid != tid; at = slots[slot]) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void forgetEnded(long now) {
    boolean forgotten = false;
    for (int i = 0; i < slots.length; i++) {
      Binding binding = slots[i];
      if (binding == null) {
        continue;
      }
      if (binding.previous != null && hasBeenDrainedSince(binding.since, now)) {
        binding.previous = null;
      }
      if (!binding.thread.isAlive()) {
        if (binding.foundDead == 0) {
          binding.foundDead = now;
        } else if (hasBeenDrainedSince(binding.foundDead, now)) {
          slots[i] = null;
          forgotten = true;
        }
      }
    }
    if (forgotten) {
      rehash(slots.length);
    }
  }

  /** Whether the pass that just ended had all records from before then, which is long ago. */
  private boolean hasBeenDrainedSince(long nanos, long now) {
    return nanos <= lastUpdate && now - nanos > FORGET_NANOS;
  }

  private void rehash(int length) {
    List<Binding> all = new ArrayList<>(size);
    for (Binding binding : slots) {
      if (binding != null) {
        all.add(binding);
      }
    }
    slots = new Binding[length];
    size = all.size();
    for (Binding binding : all) {
      slots[slot(binding.tid)] = binding;
    }
  }
}
