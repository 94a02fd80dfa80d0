package dev.kernelflight.agent.threads;

import java.lang.ref.SoftReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which Java thread a kernel thread id belonged to when a record was made.
 *
 * <p>Threads are learned in two ways: those that say so when they start ({@link #started}) at once,
 * so that a thread that lives for a moment only is known when its records are drained; the others
 * by a look at all running threads. Once all threads say so, an unknown id is no Java thread's, and
 * no reason to look again. A thread that ended is forgotten a while later, when its last records
 * are drained. Where the kernel has given its id to another thread by then, the time of that one's
 * start decides.
 *
 * <p>Of a thread that ended nothing but this may hold its task, which may be large. So threads are
 * held softly: rather than that the application has no memory left, a record has no name.
 *
 * <p>{@link #started} may be called from any thread, everything else from one at a time.
 */
public final class ThreadDirectory {
  /** How often at least those that ended are looked for. */
  private static final long LOOK_FOR_ENDED_NANOS = 1_000_000_000L;

  /**
   * How long an unknown id is no reason for another look, where threads do not say that they start:
   * one may be unknown for so long.
   */
  static final long LOOK_AGAIN_UNTOLD_NANOS = 20_000_000L;

  /** So long is remembered who ended, unless many have. */
  static final long FORGET_NANOS = 5_000_000_000L;

  /** So many that ended are remembered longer than their records need. */
  static final int MOST_ENDED = 1 << 10;

  /** News that nobody takes in time is not kept without end. */
  static final int MOST_WAITING = 1 << 14;

  /** So much news is better taken at once, before the garbage collector has to copy it. */
  private static final int MANY_WAITING = 1 << 11;

  private static final int FIRST_SLOTS = 256;

  private static final class Binding {
    final int tid;
    final SoftReference<Thread> thread;
    final long since;
    @Nullable Binding previous;
    long foundDead;

    Binding(int tid, SoftReference<Thread> thread, long since, @Nullable Binding previous) {
      this.tid = tid;
      this.thread = thread;
      this.since = since;
      this.previous = previous;
    }

    boolean isOf(@Nullable Thread other) {
      return other != null && thread.refersTo(other);
    }

    boolean isAlive() {
      Thread known = thread.get();
      return known != null && known.isAlive();
    }
  }

  private record Start(int tid, SoftReference<Thread> thread, long nanos) {}

  private final Supplier<Thread[]> runningThreads;
  private final ToIntFunction<Thread> osThreadId;
  private final LongSupplier nanoTime;
  private final Runnable onMany;
  private final ConcurrentLinkedQueue<Start> starts = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile boolean toldOfStarts;

  /** Whether threads may have started without a word. */
  private volatile boolean lookOnce;

  private long lastLook = Long.MIN_VALUE / 2;
  private long lastForgetting;
  private int boundSinceForgetting;

  /** So many lived then. */
  private int alive;

  private long lastUpdate;

  /** Open addressing by tid, at most half full. */
  private @Nullable Binding[] slots = new Binding[FIRST_SLOTS];

  private int size;

  /**
   * @param runningThreads all platform threads that run
   * @param osThreadId the kernel's id of a thread, negative if it does not run
   * @param nanoTime the clock that records are stamped with
   * @param onMany called by any thread when there is much to be taken by {@link #update}
   */
  public ThreadDirectory(
      Supplier<Thread[]> runningThreads,
      ToIntFunction<Thread> osThreadId,
      LongSupplier nanoTime,
      Runnable onMany) {
    this.runningThreads = runningThreads;
    this.osThreadId = osThreadId;
    this.nanoTime = nanoTime;
    this.onMany = onMany;
  }

  /** From now on every thread that starts is told by {@link #started}; any thread may say so. */
  public void expectStarts() {
    toldOfStarts = true;
    lookOnce = true;
  }

  /** A thread has started; called by itself or about it, before it makes a record. */
  public void started(int tid, Thread thread) {
    int waits = waiting.incrementAndGet();
    if (waits > MOST_WAITING) {
      waiting.decrementAndGet();
      lookOnce = true;
      return;
    }
    starts.add(new Start(tid, new SoftReference<>(thread), nanoTime.getAsLong()));
    if (waits % MANY_WAITING == 0) {
      onMany.run();
    }
  }

  /** Takes in the threads that started; called before each pass over the records. */
  public void update() {
    takeInStarts();
    if (lookOnce) {
      look();
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
    if (now - lastForgetting > LOOK_FOR_ENDED_NANOS
        || boundSinceForgetting > MOST_ENDED + alive / 4) {
      lastForgetting = now;
      boundSinceForgetting = 0;
      forgetEnded(now);
    }
  }

  private void takeInStarts() {
    int taken = 0;
    for (Start start = starts.poll(); start != null; start = starts.poll()) {
      taken++;
      bind(start.tid, start.thread.get(), start.thread, start.nanos);
    }
    waiting.addAndGet(-taken);
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
      if (!toldOfStarts && nanoTime.getAsLong() - lastLook >= LOOK_AGAIN_UNTOLD_NANOS) {
        look();
      }
      binding = slots[slot(tid)];
    }
    while (binding != null && binding.since > nanos && binding.previous != null) {
      binding = binding.previous;
    }
    return binding == null ? null : binding.thread.get();
  }

  /** Finds the threads that run. */
  void look() {
    lookOnce = false;
    long now = nanoTime.getAsLong();
    for (Thread thread : runningThreads.get()) {
      int tid = osThreadId.applyAsInt(thread);
      if (tid > 0) {
        bind(tid, thread, new SoftReference<>(thread), lastLook);
      }
    }
    lastLook = now;
  }

  private void bind(int tid, @Nullable Thread thread, SoftReference<Thread> reference, long since) {
    int slot = slot(tid);
    Binding bound = slots[slot];
    if (bound == null) {
      slots[slot] = new Binding(tid, reference, since, null);
      boundSinceForgetting++;
      if (++size * 2 > slots.length) {
        rehash(slots.length * 2);
      }
    } else if (!bound.isOf(thread)) {
      // it had to wait for the id, which the one before had when it started
      slots[slot] = new Binding(tid, reference, Math.max(since, bound.since + 1), bound);
      boundSinceForgetting++;
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
    int remembered = 0;
    alive = 0;
    for (int i = 0; i < slots.length; i++) {
      Binding binding = slots[i];
      if (binding == null) {
        continue;
      }
      for (Binding next = binding; next != null && next.previous != null; next = next.previous) {
        if (next.since <= lastUpdate && (isLongAgo(next.since, now) || remembered >= MOST_ENDED)) {
          next.previous = null;
        } else {
          remembered++;
        }
      }
      if (binding.isAlive()) {
        alive++;
      } else if (binding.foundDead == 0) {
        binding.foundDead = now;
      } else if (binding.foundDead <= lastUpdate) {
        // the pass that just ended had all records from before then
        if (isLongAgo(binding.foundDead, now) || remembered >= MOST_ENDED) {
          slots[i] = null;
          forgotten = true;
        } else {
          remembered++;
        }
      }
    }
    if (forgotten) {
      rehash(slots.length);
    }
  }

  private static boolean isLongAgo(long nanos, long now) {
    return now - nanos > FORGET_NANOS;
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
