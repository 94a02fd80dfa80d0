package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.program.BpfMap;
import dev.kernelflight.bpf.sys.KernelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Reads {@code struct statistics} of {@code event.h}, summed up over all CPUs. One thread at a
 * time.
 *
 * <pre>
 *   0 count (u64)  8 errors (u64)  16 total (u64, ns)  24 max of even, 32 of odd periods (u64, ns)
 *   40 period (u32)  44 (u32)  48 histogram (40 * u64)
 * </pre>
 */
public final class StatisticsReader implements AutoCloseable {
  /** Bucket i counts the calls of 2^i to 2^(i+1)-1 ns; the last one all that are longer. */
  public static final int BUCKETS = 40;

  static final int COUNT = 0;
  static final int ERRORS = 8;
  static final int TOTAL = 16;
  static final int MAX = 24;
  static final int PERIOD = 40;
  static final int HISTOGRAM = 48;
  static final int BYTES = HISTOGRAM + BUCKETS * Long.BYTES;

  private final BpfMap byNumber;
  private final BpfMap byThread;
  private final int cpus;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment values;
  private final Sum sum = new Sum();

  /**
   * @param byNumber per CPU
   * @param byThread not per CPU
   */
  StatisticsReader(BpfMap byNumber, BpfMap byThread, int possibleCpus) {
    this.byNumber = byNumber;
    this.byThread = byThread;
    cpus = possibleCpus;
    values = arena.allocate((long) cpus * BYTES, 8);
  }

  /**
   * The calls of one kind, summed up since tracing began; valid until the next one is handed out.
   */
  public static final class Sum {
    /** The thread as the process numbers it, or 0 for all threads. */
    public int tid;

    /** The system call's number. */
    public int number;

    /** Calls. */
    public long count;

    /** Calls that failed. */
    public long errors;

    /** Their time, in ns. */
    public long total;

    /**
     * The longest since the end of the period before, in ns; 0 if there was none. One that is
     * already in the sums of that period may be among them.
     */
    public long max;

    /** Calls by the logarithm of their time. */
    public final long[] histogram = new long[BUCKETS];
  }

  /** Takes sums. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Takes one.
     *
     * @return whether there may be more; if not a thread's sum begins at 0 when it calls again
     */
    boolean onSum(Sum sum);
  }

  /** Hands out all sums of calls that were made. */
  void read(int endedPeriod, Handler handler) throws KernelException {
    for (int number = 0; number < byNumber.spec().maxEntries(); number++) {
      byNumber.read(number, values);
      sum.tid = 0;
      sum.number = number;
      addUp(endedPeriod, cpus);
      if (sum.count > 0) {
        handler.onSum(sum);
      }
    }
    byte[] key = byThread.keyAfter(null);
    while (key != null) {
      byte[] next = byThread.keyAfter(key);
      byThread.read(key, values);
      ByteBuffer numbers = ByteBuffer.wrap(key).order(ByteOrder.nativeOrder());
      sum.tid = numbers.getInt(0);
      sum.number = numbers.getInt(Integer.BYTES);
      addUp(endedPeriod, 1);
      if (!handler.onSum(sum)) {
        byThread.remove(key);
      }
      key = next;
    }
  }

  private long maxOf(long at, int period) {
    return values.get(JAVA_LONG, at + MAX + (period & 1L) * Long.BYTES);
  }

  private void addUp(int endedPeriod, int copies) {
    sum.count = 0;
    sum.errors = 0;
    sum.total = 0;
    sum.max = 0;
    Arrays.fill(sum.histogram, 0);
    for (int copy = 0; copy < copies; copy++) {
      long at = (long) copy * BYTES;
      sum.count += values.get(JAVA_LONG, at + COUNT);
      sum.errors += values.get(JAVA_LONG, at + ERRORS);
      sum.total += values.get(JAVA_LONG, at + TOTAL);
      int latest = values.get(JAVA_INT, at + PERIOD);
      boolean ranOn = latest == endedPeriod + 1;
      if (latest == endedPeriod || ranOn) {
        sum.max = Math.max(sum.max, maxOf(at, endedPeriod));
      }
      if (ranOn) {
        // calls that returned between the period's end and now are in the other numbers already
        sum.max = Math.max(sum.max, maxOf(at, latest));
      }
      for (int i = 0; i < BUCKETS; i++) {
        sum.histogram[i] += values.get(JAVA_LONG, at + HISTOGRAM + (long) i * Long.BYTES);
      }
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
