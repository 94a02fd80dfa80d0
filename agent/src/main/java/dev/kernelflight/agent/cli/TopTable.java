package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.Printable;
import dev.kernelflight.agent.recording.EventKind;
import dev.kernelflight.agent.recording.KernelEvent;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What there was most of: events by path, thread, errno, system call or kernel function. */
final class TopTable {
  private static final String FORMAT = "%9s %9s %12s %12s  %s";
  private static final int KEY_COLUMN = 9 + 9 + 12 + 12 + 5;
  private static final int LEAST_KEY = 16;
  private static final double NANOS_PER_MILLI = 1e6;

  /** What to count by; in lower case the names of the command line. */
  enum By {
    PATHS,
    THREADS,
    ERRNOS,
    SYSCALLS,
    FUNCTIONS;

    @Nullable String key(KernelEvent event) {
      return switch (this) {
        case PATHS -> event.shownPath();
        case THREADS ->
            event.kind().isCall() || event.kind() == EventKind.SAMPLES ? name(event) : null;
        case ERRNOS -> event.errno();
        case SYSCALLS -> event.syscall();
        case FUNCTIONS -> event.kind() == EventKind.SAMPLES ? event.text("kernelFunction") : null;
      };
    }

    private static String name(KernelEvent event) {
      return event.thread().isEmpty() ? "thread " + event.osThreadId() : event.thread();
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
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
      if (event.kind() == EventKind.STATISTICS) {
        count += event.number("count");
        errors += event.number("errors");
        total += event.number("total");
        max = Math.max(max, event.number("max"));
      } else {
        long duration = Math.max(event.duration(), 0);
        count++;
        errors += event.errno() == null ? 0 : 1;
        total += duration;
        max = Math.max(max, duration);
      }
    }
  }

  private final By by;
  private final Map<String, Entry> entries = new HashMap<>();

  TopTable(By by, List<KernelEvent> events) {
    this.by = by;
    for (KernelEvent event : events) {
      String key = by.key(event);
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
  void print(StandardOutput out, int width, int limit) {
    int keyWidth = width == EventTable.UNLIMITED ? width : Math.max(width - KEY_COLUMN, LEAST_KEY);
    String title = by.name().substring(0, by.name().length() - 1);
    out.line(FORMAT.formatted("COUNT", "FAILED", "TOTAL ms", "LONGEST ms", title));
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
