package dev.kernelflight.agent.show;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Key;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What there was most of: events by thread, errno, or what their kinds are counted by. */
public final class TopTable {
  private static final String FORMAT = "%9s %9s %12s %12s  %s";
  private static final int KEY_COLUMN = 9 + 9 + 12 + 12 + 5;
  private static final int LEAST_KEY = 16;
  private static final double NANOS_PER_MILLI = 1e6;

  /** By the thread's name. */
  public static final Key THREADS = new Key("threads", "threads", "THREAD", TopTable::thread);

  /** By the errno's name. */
  public static final Key ERRNOS = new Key("errnos", "errnos", "ERRNO", KernelEvent::errno);

  /** All that can be counted by. */
  public static List<Key> keys() {
    return Stream.concat(Kinds.keys().stream(), Stream.of(THREADS, ERRNOS)).toList();
  }

  private static @Nullable String thread(KernelEvent event) {
    if (!event.kind().isOfThread()) {
      return null;
    }
    return event.thread().isEmpty() ? "thread " + event.osThreadId() : event.thread();
  }

  /** One line. */
  private static final class Entry {
    private final String key;
    private long count;
    private long errors;
    private long total;
    private long max;

    Entry(String key) {
      this.key = key;
    }

    long count() {
      return count;
    }

    long total() {
      return total;
    }

    String key() {
      return key;
    }

    void add(KernelEvent event) {
      Kind.Tally tally = event.kind().tally(event);
      count += tally.count();
      errors += tally.failed();
      total += tally.total();
      max = Math.max(max, tally.longest());
    }
  }

  private final Key by;
  private final Map<String, Entry> entries = new HashMap<>();

  /** Counts events. */
  public TopTable(Key by, List<KernelEvent> events) {
    this.by = by;
    for (KernelEvent event : events) {
      String key =
          by.equals(THREADS)
                  || by.equals(ERRNOS)
                  || event.kind().key().filter(by::equals).isPresent()
              ? by.of().apply(event)
              : null;
      if (key != null) {
        entries.computeIfAbsent(key, Entry::new).add(event);
      }
    }
  }

  private List<Entry> top(int limit) {
    return entries.values().stream()
        .sorted(
            Comparator.comparingLong(Entry::count)
                .thenComparingLong(Entry::total)
                .reversed()
                .thenComparing(Entry::key))
        .limit(limit)
        .toList();
  }

  /** Prints it as a table, and an empty line. */
  public void print(StandardOutput out, int width, int limit) {
    int keyWidth = width == EventTable.UNLIMITED ? width : Math.max(width - KEY_COLUMN, LEAST_KEY);
    out.line(FORMAT.formatted("COUNT", "FAILED", "TOTAL ms", "LONGEST ms", by.title()));
    for (Entry entry : top(limit)) {
      out.line(
          FORMAT.formatted(
              entry.count,
              entry.errors,
              millis(entry.total),
              millis(entry.max),
              EventTable.shortened(Printable.line(entry.key), keyWidth)));
    }
    if (entries.size() > limit) {
      out.line(" ".repeat(KEY_COLUMN) + (entries.size() - limit) + " more");
    }
    out.line();
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.3f", nanos / NANOS_PER_MILLI);
  }
}
