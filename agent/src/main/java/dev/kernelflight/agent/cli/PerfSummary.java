package dev.kernelflight.agent.cli;

import com.grack.nanojson.JsonStringWriter;
import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.Printable;
import dev.kernelflight.agent.emit.LossReporter;
import dev.kernelflight.agent.recording.EventKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What was shown and what was lost, counted. */
final class PerfSummary {
  private static final int MOST_LINES = 10;

  /** More different names than anybody reads; what comes then is counted together. */
  private static final int MOST_NAMES = 100_000;

  private static final String OTHERS = "(others)";
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;

  /** What there was of one kind or name. */
  private static final class Tally {
    long count;
    long failed;
    long nanos;

    void add(LiveEvent event) {
      count++;
      failed += event.failed() ? 1 : 0;
      nanos += event.origin().duration();
    }
  }

  private final Set<EventKind> kinds;
  private final Map<EventKind, Tally> byKind = new EnumMap<>(EventKind.class);
  private final Map<String, Tally> paths = new HashMap<>();
  private final Map<String, Tally> syscalls = new HashMap<>();
  private final Map<String, Tally> functions = new HashMap<>();
  private final Map<Integer, Long> lost = new TreeMap<>();
  private long inKernel;
  private long nanos;

  /**
   * @param kinds that were asked for
   */
  PerfSummary(Set<EventKind> kinds) {
    this.kinds = kinds;
    kinds.forEach(kind -> byKind.put(kind, new Tally()));
  }

  void add(LiveEvent event) {
    byKind.computeIfAbsent(event.kind(), k -> new Tally()).add(event);
    switch (event) {
      case LiveEvent.Open open -> add(paths, open.path().isEmpty() ? "\"\"" : open.path(), event);
      case LiveEvent.Call call -> add(syscalls, call.name(), event);
      case LiveEvent.Sample sample -> {
        if (sample.inKernel()) {
          inKernel++;
          add(functions, Objects.requireNonNullElse(sample.function(), "[unknown]"), event);
        }
      }
    }
  }

  private static void add(Map<String, Tally> tallies, String name, LiveEvent event) {
    boolean full = tallies.size() >= MOST_NAMES && !tallies.containsKey(name);
    tallies.computeIfAbsent(full ? OTHERS : name, n -> new Tally()).add(event);
  }

  /** Events that are missing, of a CPU or of {@link LossReporter#NO_CPU}. */
  void addLost(int cpu, long count) {
    lost.merge(cpu, count, Long::sum);
  }

  /** How long it was traced. */
  void setNanos(long nanos) {
    this.nanos = nanos;
  }

  private long received() {
    return byKind.values().stream().mapToLong(tally -> tally.count).sum();
  }

  private long lost() {
    return lost.values().stream().mapToLong(Long::longValue).sum();
  }

  private double seconds() {
    return nanos / NANOS_PER_SECOND;
  }

  private Tally of(EventKind kind) {
    return byKind.getOrDefault(kind, new Tally());
  }

  private static List<Map.Entry<String, Tally>> busiest(Map<String, Tally> tallies) {
    List<Map.Entry<String, Tally>> all = new ArrayList<>(tallies.entrySet());
    all.sort(
        Comparator.<Map.Entry<String, Tally>>comparingLong(entry -> -entry.getValue().count)
            .thenComparing(Map.Entry::getKey));
    return all.subList(0, Math.min(all.size(), MOST_LINES));
  }

  private double kernelShare() {
    return 100.0 * inKernel / Math.max(of(EventKind.SAMPLES).count, 1);
  }

  /** Prints it, fitting into so many columns. */
  void print(StandardOutput out, int width) {
    out.line();
    out.line(
        String.format(
            Locale.ROOT,
            "received %d %s in %.2f seconds, lost %d%s",
            received(),
            received() == 1 ? "event" : "events",
            seconds(),
            lost(),
            lost.isEmpty() ? "" : " (" + lostByCpu() + ")"));
    if (kinds.contains(EventKind.OPENS)) {
      printCalls(out, width, EventKind.OPENS, paths, "PATH");
    }
    if (kinds.contains(EventKind.SYSCALLS)) {
      printCalls(out, width, EventKind.SYSCALLS, syscalls, "SYSTEM CALL");
    }
    if (kinds.contains(EventKind.SAMPLES)) {
      printSamples(out, width);
    }
  }

  private String lostByCpu() {
    return lost.entrySet().stream()
        .map(entry ->
            (entry.getKey() == LossReporter.NO_CPU ? "CPU unknown" : "CPU " + entry.getKey())
                + ": "
                + entry.getValue())
        .collect(Collectors.joining(", "));
  }

  private void printCalls(
      StandardOutput out, int width, EventKind kind, Map<String, Tally> tallies, String title) {
    Tally all = of(kind);
    out.line();
    out.line(kind.plural() + ": " + all.count + ", " + all.failed + " failed");
    if (tallies.isEmpty()) {
      return;
    }
    out.line(String.format("%9s %9s %12s  %s", "COUNT", "FAILED", "TOTAL ms", title));
    for (Map.Entry<String, Tally> entry : busiest(tallies)) {
      Tally tally = entry.getValue();
      printFitting(
          out,
          width,
          String.format(
              Locale.ROOT,
              "%9d %9d %12.3f  ",
              tally.count,
              tally.failed,
              tally.nanos / NANOS_PER_MILLI),
          entry.getKey());
    }
  }

  private void printSamples(StandardOutput out, int width) {
    long all = of(EventKind.SAMPLES).count;
    out.line();
    out.line(
        String.format(
            Locale.ROOT,
            "%s: %d, user %.1f %%, kernel %.1f %%",
            EventKind.SAMPLES.plural(),
            all,
            all == 0 ? 0 : 100 - kernelShare(),
            kernelShare()));
    if (functions.isEmpty()) {
      return;
    }
    out.line(String.format("%9s %9s  %s", "SAMPLES", "SHARE", "KERNEL FUNCTION"));
    for (Map.Entry<String, Tally> entry : busiest(functions)) {
      long count = entry.getValue().count;
      printFitting(
          out,
          width,
          String.format(Locale.ROOT, "%9d %7.1f %%  ", count, 100.0 * count / all),
          entry.getKey());
    }
  }

  private static void printFitting(StandardOutput out, int width, String numbers, String name) {
    String printable = Printable.line(name);
    int left = Math.max(width - numbers.length(), 1);
    out.line(numbers + EventTable.shortened(printable, left));
  }

  /** The same as a JSON object. */
  String json() {
    JsonStringWriter json =
        JsonWriter.string()
            .object()
            .value("type", "summary")
            .value("events", received())
            .value("seconds", seconds())
            .value("lost", lost())
            .object("lostByCpu");
    lost.forEach(
        (cpu, count) -> json.value(cpu == LossReporter.NO_CPU ? "unknown" : cpu.toString(), count));
    json.end();
    for (EventKind kind : kinds) {
      json.object(kind.toString()).value("count", of(kind).count);
      switch (kind) {
        case OPENS -> writeBusiest(json.value("failed", of(kind).failed), "paths", paths);
        case SYSCALLS -> writeBusiest(json.value("failed", of(kind).failed), "syscalls", syscalls);
        default ->
            writeBusiest(
                json.value("user", of(kind).count - inKernel).value("kernel", inKernel),
                "kernelFunctions",
                functions);
      }
      json.end();
    }
    return json.end().done();
  }

  private static void writeBusiest(JsonStringWriter json, String name, Map<String, Tally> tallies) {
    json.array(name);
    for (Map.Entry<String, Tally> entry : busiest(tallies)) {
      json.object().value("name", entry.getKey()).value("count", entry.getValue().count).end();
    }
    json.end();
  }
}
