package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.StatisticsReader;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Commits what the kernel counted since the last time. One thread at a time. */
public final class StatisticsEmitter {
  private static final Path TASKS = Path.of("/proc/self/task");

  private final RecordOrigin origin;
  private final SyscallNames names = new SyscallNames(KernelNames.ofThisMachine());
  private final Map<Long, Sums> last = new HashMap<>();

  /** What was already committed of one kind of call. */
  private static final class Sums {
    long count;
    long errors;
    long total;
    final long[] histogram = new long[StatisticsReader.BUCKETS];

    void take(StatisticsReader.Sum sum) {
      count = sum.count;
      errors = sum.errors;
      total = sum.total;
      System.arraycopy(sum.histogram, 0, histogram, 0, histogram.length);
    }
  }

  /** Finds threads where each has statistics of its own. */
  public StatisticsEmitter(RecordOrigin origin) {
    this.origin = origin;
  }

  /**
   * Leaves one kind of call out: what was counted so far belongs to nobody who records now.
   *
   * @return whether there may be more of it
   */
  public boolean skip(StatisticsReader.Sum sum) {
    last.computeIfAbsent(key(sum), ignored -> new Sums()).take(sum);
    return true;
  }

  private static long key(StatisticsReader.Sum sum) {
    return (long) sum.tid << Integer.SIZE | sum.number;
  }

  /**
   * Commits one kind of call, if there was any since the last time.
   *
   * @return whether there may be more of it
   */
  public boolean emit(StatisticsReader.Sum sum) {
    long key = key(sum);
    Sums before = last.computeIfAbsent(key, ignored -> new Sums());
    long count = sum.count - before.count;
    if (count <= 0) {
      // the kernel forgets a thread that has ended; one that may still call it must not
      boolean ended = sum.tid != 0 && !Files.exists(TASKS.resolve(Integer.toString(sum.tid)));
      if (ended) {
        last.remove(key);
      }
      return !ended;
    }
    SyscallStatisticsEvent event = new SyscallStatisticsEvent();
    event.name = names.name(sum.number);
    event.osThreadId = sum.tid;
    event.thread = sum.tid == 0 ? null : origin.threadNow(sum.tid);
    event.count = count;
    event.errors = sum.errors - before.errors;
    event.total = sum.total - before.total;
    event.mean = event.total / count;
    long[] calls = new long[StatisticsReader.BUCKETS];
    for (int i = 0; i < calls.length; i++) {
      calls[i] = sum.histogram[i] - before.histogram[i];
    }
    event.max = longest(calls, sum.max);
    event.p50 = percentile(calls, 50, event.max);
    event.p90 = percentile(calls, 90, event.max);
    event.p99 = percentile(calls, 99, event.max);
    before.take(sum);
    event.commit();
    return true;
  }

  /**
   * The longest of some calls: what was measured, unless that was one that the last event told of.
   */
  static long longest(long[] histogram, long measured) {
    for (int i = histogram.length - 1; i >= 0; i--) {
      if (histogram[i] > 0) {
        boolean unbounded = i == histogram.length - 1;
        return Math.max(from(i), unbounded ? measured : Math.min(measured, to(i)));
      }
    }
    return measured;
  }

  /** The shortest time of a bucket. */
  private static long from(int bucket) {
    return bucket == 0 ? 0 : 1L << bucket;
  }

  private static long to(int bucket) {
    return (1L << (bucket + 1)) - 1;
  }

  /**
   * The time that so many per cent of the calls did not exceed, taking the calls of a bucket as
   * evenly spread over it.
   *
   * @param longest of all, which bounds the last bucket
   */
  static long percentile(long[] histogram, int percent, long longest) {
    long all = 0;
    for (long calls : histogram) {
      all += calls;
    }
    double rank = all * percent / 100.0;
    double below = 0;
    for (int i = 0; i < histogram.length; i++) {
      if (histogram[i] > 0 && below + histogram[i] >= rank) {
        long from = from(i);
        long to = Math.max(from, i == histogram.length - 1 ? longest : Math.min(longest, to(i)));
        return from + Math.round((to - from) * (rank - below) / histogram[i]);
      }
      below += histogram[i];
    }
    return longest;
  }
}
