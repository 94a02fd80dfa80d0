package dev.kernelflight.jmc.rules;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.openjdk.jmc.common.item.IItem;

/**
 * Calls of one kind: how many, how long, by whom, and how many in the busiest stretch of ten
 * seconds. A burst is what the last one shows, however long the recording is.
 */
final class Tally {
  static final long WINDOW_SECONDS = 10;

  /** The longest single call. */
  static final Comparator<Tally> BY_LONGEST = Comparator.comparingLong(Tally::longest);

  /** The most in the busiest window. */
  static final Comparator<Tally> BY_BUSIEST = Comparator.comparingInt(Tally::busiest);

  private static final long WINDOW_NANOS = WINDOW_SECONDS * 1_000_000_000L;
  private static final int NAMED_THREADS = 3;

  private final String key;
  private final Map<Long, Integer> windows = new HashMap<>();
  private final TreeSet<String> threads = new TreeSet<>();
  private long count;
  private long total;
  private long longest;
  private int busiest;

  Tally(String key) {
    this.key = key;
  }

  void add(IItem call) {
    long duration = KernelEvents.duration(call);
    count++;
    total += duration;
    longest = Math.max(longest, duration);
    busiest =
        Math.max(busiest, windows.merge(KernelEvents.start(call) / WINDOW_NANOS, 1, Integer::sum));
    threads.add(KernelEvents.threadName(call));
  }

  String key() {
    return key;
  }

  long count() {
    return count;
  }

  /** Nanoseconds of all calls together. */
  long total() {
    return total;
  }

  /** Nanoseconds of the longest. */
  long longest() {
    return longest;
  }

  /** Calls in the busiest window. */
  int busiest() {
    return busiest;
  }

  /** Some of their threads by name. */
  String threads() {
    String names = String.join(", ", threads.stream().limit(NAMED_THREADS).toList());
    int others = threads.size() - NAMED_THREADS;
    return others > 0 ? names + " and " + others + " more" : names;
  }

  /** The first of them, the greatest first. */
  static List<Tally> top(Map<String, Tally> tallies, Comparator<Tally> order, int n) {
    return tallies.values().stream().sorted(order.reversed()).limit(n).toList();
  }
}
