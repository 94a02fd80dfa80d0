package dev.kernelflight.agent.live;

import com.grack.nanojson.JsonStringWriter;
import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.pump.LossReporter;
import dev.kernelflight.agent.show.EventTable;
import dev.kernelflight.agent.show.Printable;
import dev.kernelflight.agent.show.StandardOutput;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What was shown and what was lost, counted. */
public final class PerfSummary {
  private static final int MOST_LINES = 10;

  /** More different names than anybody reads; what comes then is counted together. */
  private static final int MOST_NAMES = 100_000;

  private static final String OTHERS = "(others)";
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;

  /** What there was of one kind or name. */
  private static final class Sum {
    long count;
    long failed;
    long nanos;

    void add(ObservedEvent event) {
      count++;
      failed += event.failed() ? 1 : 0;
      nanos += event.nanos();
    }
  }

  /** What there was of a kind: in all, by its key, and by what people want the shares of. */
  private static final class OfKind {
    final Sum all = new Sum();
    final Map<String, Sum> byKey = new HashMap<>();
    final Map<String, Sum> byShare = new HashMap<>();
  }

  private final Map<RecordKind<?, ?>, OfKind> kinds = new LinkedHashMap<>();
  private final Map<Integer, Long> lost = new TreeMap<>();
  private long nanos;

  /**
   * @param kinds that were asked for
   */
  public PerfSummary(Set<RecordKind<?, ?>> kinds) {
    kinds.forEach(kind -> this.kinds.put(kind, new OfKind()));
  }

  void add(ObservedEvent event) {
    OfKind ofKind = kinds.get(event.kind());
    if (ofKind == null) {
      return;
    }
    ofKind.all.add(event);
    event
        .kind()
        .key()
        .map(key -> key.of().apply(event))
        .ifPresent(name -> {
          boolean full = ofKind.byKey.size() >= MOST_NAMES && !ofKind.byKey.containsKey(name);
          ofKind.byKey.computeIfAbsent(full ? OTHERS : name, n -> new Sum()).add(event);
        });
    String mode = event.text("mode");
    if (mode != null && hasShares(event.kind())) {
      ofKind.byShare.computeIfAbsent(mode, m -> new Sum()).add(event);
    }
  }

  private static boolean hasShares(Kind kind) {
    return kind instanceof RecordKind<?, ?> of && !of.shares().isEmpty();
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
    return kinds.values().stream().mapToLong(ofKind -> ofKind.all.count).sum();
  }

  private long lost() {
    return lost.values().stream().mapToLong(Long::longValue).sum();
  }

  private double seconds() {
    return nanos / NANOS_PER_SECOND;
  }

  private static List<Map.Entry<String, Sum>> busiest(Map<String, Sum> sums) {
    List<Map.Entry<String, Sum>> all = new ArrayList<>(sums.entrySet());
    all.sort(
        Comparator.<Map.Entry<String, Sum>>comparingLong(entry -> -entry.getValue().count)
            .thenComparing(Map.Entry::getKey));
    return all.subList(0, Math.min(all.size(), MOST_LINES));
  }

  private static long ofShare(OfKind ofKind, String share) {
    Sum sum = ofKind.byShare.get(share);
    return sum == null ? 0 : sum.count;
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
    kinds.forEach((kind, ofKind) -> print(out, width, kind, ofKind));
  }

  private String lostByCpu() {
    return lost.entrySet().stream()
        .map(entry ->
            (entry.getKey() == LossReporter.NO_CPU ? "CPU unknown" : "CPU " + entry.getKey())
                + ": "
                + entry.getValue())
        .collect(Collectors.joining(", "));
  }

  private static void print(StandardOutput out, int width, RecordKind<?, ?> kind, OfKind ofKind) {
    StringBuilder line = new StringBuilder(kind.plural() + ": " + ofKind.all.count);
    if (kind.isCall()) {
      line.append(", ").append(ofKind.all.failed).append(" failed");
    }
    for (String share : kind.shares()) {
      line.append(
          String.format(
              Locale.ROOT,
              ", %s %.1f %%",
              share,
              100.0 * ofShare(ofKind, share) / Math.max(ofKind.all.count, 1)));
    }
    out.line();
    out.line(line.toString());
    if (ofKind.byKey.isEmpty()) {
      return;
    }
    String title = kind.key().orElseThrow().title();
    out.line(
        kind.isCall()
            ? String.format("%9s %9s %12s  %s", "COUNT", "FAILED", "TOTAL ms", title)
            : String.format("%9s %9s  %s", "COUNT", "SHARE", title));
    for (Map.Entry<String, Sum> entry : busiest(ofKind.byKey)) {
      Sum sum = entry.getValue();
      String numbers =
          kind.isCall()
              ? String.format(
                  Locale.ROOT,
                  "%9d %9d %12.3f  ",
                  sum.count,
                  sum.failed,
                  sum.nanos / NANOS_PER_MILLI)
              : String.format(
                  Locale.ROOT, "%9d %7.1f %%  ", sum.count, 100.0 * sum.count / ofKind.all.count);
      printFitting(out, width, numbers, entry.getKey());
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
    kinds.forEach((kind, ofKind) -> {
      json.object(kind.option()).value("count", ofKind.all.count);
      if (kind.isCall()) {
        json.value("failed", ofKind.all.failed);
      }
      kind.shares().forEach(share -> json.value(share, ofShare(ofKind, share)));
      kind.key().ifPresent(key -> writeBusiest(json, key.json(), ofKind.byKey));
      json.end();
    });
    return json.end().done();
  }

  private static void writeBusiest(JsonStringWriter json, String name, Map<String, Sum> sums) {
    json.array(name);
    for (Map.Entry<String, Sum> entry : busiest(sums)) {
      json.object().value("name", entry.getKey()).value("count", entry.getValue().count).end();
    }
    json.end();
  }
}
