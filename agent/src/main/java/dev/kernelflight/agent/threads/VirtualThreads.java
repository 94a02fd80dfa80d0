package dev.kernelflight.agent.threads;

import dev.kernelflight.bpf.Carriers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The virtual threads of this JVM by the id that records carry, and the platform threads that run
 * them.
 *
 * <p>Threads are learned when they start, from {@link #changed}; those that run already by one
 * look. Each is held for as long as it lives, and after that until the records that it made have
 * been drained.
 *
 * <p>{@link #changed} and {@link #carrierStarted} may be called from any thread, everything else
 * from one at a time.
 */
public final class VirtualThreads {
  /** {@code JAVA_THREAD_UNREADABLE} of {@code event.h}: the kernel could not read the id. */
  public static final long UNREADABLE = -1;

  /** News that nobody takes in time is not kept without end. */
  static final int MOST_WAITING = 1 << 20;

  /**
   * How often at most a thread that is unknown is looked for. Those that were about to start, or
   * were dropped, when news began may come after the first look.
   */
  private static final int MOST_LOOKS = 20;

  /** How long a thread may take from leaving the list of those that run to telling of its end. */
  private static final int ENDING_MILLIS = 20;

  /** So much news is better taken at once, or the garbage collector copies what has ended. */
  private static final int MANY_WAITING = 1 << 13;

  private static final String CARRIER = "jdk.internal.misc.CarrierThread";

  private final Supplier<List<Thread>> running;
  private final Runnable onMany;

  private final ConcurrentLinkedQueue<Thread> news = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();

  /** Whether there are records that may ask. */
  private volatile boolean inUse;

  /** Whether {@link #changed} is told of every thread. */
  private volatile boolean told;

  /** Whether threads may have started or ended without a word. */
  private volatile boolean lookAtRunning;

  private int looksLeft;
  private boolean lookedInThisBatch;

  private final Map<Long, Thread> byId = new HashMap<>();
  private final List<Long> ended = new ArrayList<>();
  private int endedBefore;
  private long lastId;
  private @Nullable Thread last;

  private record Carrier(Thread thread, long currentId) {}

  /** By the kernel's id; guarded by itself, as is what the kernel knows of them. */
  private final Map<Integer, Carrier> carriers = new HashMap<>();

  private @Nullable Carriers kernel;

  /**
   * @param running all virtual threads that run
   * @param onMany called by any thread when there is much to be taken by {@link #update}
   */
  public VirtualThreads(Supplier<List<Thread>> running, Runnable onMany) {
    this.running = running;
    this.onMany = onMany;
  }

  static boolean isCarrier(Thread thread) {
    return thread.getClass().getName().equals(CARRIER);
  }

  /**
   * A thread that may run virtual ones has started, or was found; called before it makes records
   * that are to be told apart.
   *
   * @param tid the kernel's id of it
   * @param currentId where in memory it keeps the id of the Java thread that it runs
   */
  void carrierStarted(int tid, Thread thread, long currentId) {
    synchronized (carriers) {
      for (Iterator<Map.Entry<Integer, Carrier>> all = carriers.entrySet().iterator();
          all.hasNext(); ) {
        Map.Entry<Integer, Carrier> known = all.next();
        if (!known.getValue().thread.isAlive()) {
          all.remove();
          if (kernel != null) {
            kernel.remove(known.getKey());
          }
        }
      }
      carriers.put(tid, new Carrier(thread, currentId));
      if (kernel != null) {
        kernel.add(tid, currentId);
      }
    }
  }

  /** From now on {@link #changed} is told of every thread; any thread may say so. */
  public void expectNews() {
    told = true;
    lookAtRunning = true;
  }

  /** There will be records: tells the kernel of all carriers, now and as they come. */
  public void begin(Carriers programs) {
    synchronized (carriers) {
      kernel = programs;
      carriers.forEach((tid, carrier) -> programs.add(tid, carrier.currentId));
    }
    lookAtRunning = true;
    inUse = true;
  }

  /** There will be no more records, and nothing is kept for them. */
  public void end() {
    inUse = false;
    synchronized (carriers) {
      kernel = null;
    }
    takeNews();
    byId.clear();
    ended.clear();
    endedBefore = 0;
    last = null;
    lastId = 0;
  }

  /**
   * A virtual thread is about to start, or has ended. Called by whoever does it: quick, and nothing
   * of it waits for another thread.
   */
  public void changed(Thread thread) {
    if (!inUse) {
      return;
    }
    int waits = waiting.incrementAndGet();
    if (waits > MOST_WAITING) {
      waiting.decrementAndGet();
      lookAtRunning = true;
      return;
    }
    news.add(thread);
    if (waits % MANY_WAITING == 0) {
      onMany.run();
    }
  }

  /** Called before each batch of records. */
  public void update() {
    takeNews();
    if (lookAtRunning && told) {
      look();
    }
    lookedInThisBatch = false;
    endedBefore = ended.size();
  }

  /** Called after each batch: it had all records of the threads that ended before it. */
  public void drained() {
    List<Long> done = ended.subList(0, endedBefore);
    for (Long id : done) {
      byId.remove(id);
      if (id == lastId) {
        last = null;
        lastId = 0;
      }
    }
    done.clear();
    endedBefore = 0;
  }

  private void takeNews() {
    int taken = 0;
    for (Thread thread = news.poll(); thread != null; thread = news.poll()) {
      taken++;
      long id = thread.threadId();
      byId.put(id, thread);
      if (hasEnded(thread)) {
        ended.add(id);
      }
    }
    waiting.addAndGet(-taken);
  }

  private void look() {
    looksLeft = lookAtRunning ? MOST_LOOKS : looksLeft - 1;
    lookAtRunning = false;
    lookedInThisBatch = true;
    byId.forEach((id, thread) -> {
      if (hasEnded(thread)) {
        ended.add(id);
      }
    });
    for (Thread thread : running.get()) {
      byId.put(thread.threadId(), thread);
      if (hasEnded(thread)) {
        ended.add(thread.threadId());
      }
    }
  }

  /** A thread that is ending runs no longer for a look, and has not told yet that it ended. */
  private @Nullable Thread findEnding(long id) {
    Thread found = byId.get(id);
    for (int i = 0; found == null && i < ENDING_MILLIS; i++) {
      LockSupport.parkNanos(1_000_000);
      takeNews();
      found = byId.get(id);
    }
    return found;
  }

  /** Not the opposite of being alive: one that is about to start is neither. */
  private static boolean hasEnded(Thread thread) {
    return thread.getState() == Thread.State.TERMINATED;
  }

  /**
   * The thread that made a record.
   *
   * @param carrier the kernel's thread
   * @param id what the record says, or 0
   * @return the carrier where it made the record for itself, or is none, or the virtual thread is
   *     not known; null where it cannot be told which of them it was
   */
  public @Nullable Thread find(@Nullable Thread carrier, long id) {
    // memory of a carrier that has ended may say anything, and its id may be a native thread's
    if (id == 0 || carrier == null || id == carrier.threadId() || !isCarrier(carrier)) {
      return carrier;
    }
    if (id == UNREADABLE) {
      return null;
    }
    if (id != lastId || last == null) {
      Thread found = byId.get(id);
      if (found == null) {
        takeNews();
        found = byId.get(id);
      }
      if (found == null && told && (lookAtRunning || (looksLeft > 0 && !lookedInThisBatch))) {
        look();
        found = findEnding(id);
      }
      if (found == null) {
        return carrier;
      }
      last = found;
      lastId = id;
    }
    return last;
  }
}
