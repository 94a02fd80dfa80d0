package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.source.Syscalls;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code struct statistics} of {@code event.h}, summed up over all CPUs, from memory that the
 * programs write meanwhile: without any call that would be one more in the statistics, or in whose
 * middle the kernel would skip programs. One thread at a time.
 */
public final class StatisticsReader implements AutoCloseable {
  /** Bucket i counts the calls of 2^i to 2^(i+1)-1 ns; the last one all that are longer. */
  public static final int BUCKETS = Wire.Statistics.HISTOGRAM_COUNT;

  /** For each CPU one for each number below {@link Syscalls#MOST}. */
  static final String BY_NUMBER = "statistics";

  private static final String BY_THREAD = "thread_statistics";
  private static final String FREE_PLACE = "free_place";
  private static final long CPU_BYTES = (long) Syscalls.MOST * Wire.Statistics.BYTES;

  private final LoadedObject object;
  private final MemorySegment byNumber;
  private final MemorySegment byThread;
  private final int places;
  private final int cpus;
  private final Sum sum = new Sum();

  /** Loaded when a thread's sums are forgotten for the first time. */
  private @Nullable Fd freePlace;

  /**
   * Maps the programs' memory.
   *
   * @param object that stays open as long as this
   */
  StatisticsReader(LoadedObject object, int possibleCpus) throws KernelException {
    this.object = object;
    byNumber = object.memory(BY_NUMBER);
    byThread = object.memory(BY_THREAD);
    places = object.map(BY_THREAD).spec().maxEntries();
    cpus = possibleCpus;
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

    private void clear(int ofThread, int ofNumber) {
      tid = ofThread;
      number = ofNumber;
      count = 0;
      errors = 0;
      total = 0;
      max = 0;
      Arrays.fill(histogram, 0);
    }
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

  /**
   * Hands out all sums of calls that were made.
   *
   * @param ofThreads whether any were counted by thread
   */
  void read(int endedPeriod, boolean ofThreads, Handler handler) throws KernelException {
    for (int number = 0; number < Syscalls.MOST; number++) {
      sum.clear(0, number);
      for (int cpu = 0; cpu < cpus; cpu++) {
        addUp(byNumber, cpu * CPU_BYTES + (long) number * Wire.Statistics.BYTES, endedPeriod);
      }
      if (sum.count > 0) {
        handler.onSum(sum);
      }
    }
    if (ofThreads) {
      readOfThreads(endedPeriod, handler);
    }
  }

  private void readOfThreads(int endedPeriod, Handler handler) throws KernelException {
    for (int place = 0; place < places; place++) {
      long at = (long) place * Wire.ThreadStatistics.BYTES;
      int tid = byThread.get(JAVA_INT, at + Wire.StatisticsKey.TID);
      if (tid != 0) {
        sum.clear(tid, byThread.get(JAVA_INT, at + Wire.StatisticsKey.NUMBER));
        addUp(byThread, at + Wire.ThreadStatistics.OF_CALLS, endedPeriod);
        if (!handler.onSum(sum)) {
          free(place);
        }
      }
    }
  }

  private void free(int place) throws KernelException {
    if (freePlace == null) {
      freePlace = object.load(FREE_PLACE, 0);
    }
    Bpf.runOnce(FREE_PLACE, freePlace, place);
  }

  private static long maxOf(MemorySegment values, long at, int period) {
    return values.get(JAVA_LONG, at + Wire.Statistics.MAX + (period & 1L) * Long.BYTES);
  }

  private void addUp(MemorySegment values, long at, int endedPeriod) {
    if (values.get(JAVA_LONG, at + Wire.Statistics.COUNT) != 0) {
      sum.count += values.get(JAVA_LONG, at + Wire.Statistics.COUNT);
      sum.errors += values.get(JAVA_LONG, at + Wire.Statistics.ERRORS);
      sum.total += values.get(JAVA_LONG, at + Wire.Statistics.TOTAL);
      int latest = values.get(JAVA_INT, at + Wire.Statistics.PERIOD);
      boolean ranOn = latest == endedPeriod + 1;
      if (latest == endedPeriod || ranOn) {
        sum.max = Math.max(sum.max, maxOf(values, at, endedPeriod));
      }
      if (ranOn) {
        // calls that returned between the period's end and now are in the other numbers already
        sum.max = Math.max(sum.max, maxOf(values, at, latest));
      }
      for (int i = 0; i < BUCKETS; i++) {
        sum.histogram[i] +=
            values.get(JAVA_LONG, at + Wire.Statistics.HISTOGRAM + (long) i * Long.BYTES);
      }
    }
  }

  @Override
  public void close() {
    if (freePlace != null) {
      freePlace.close();
    }
  }
}
