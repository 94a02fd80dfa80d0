package dev.kernelflight.jmc.rules;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.common.util.TypedPreference;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;

/**
 * Many short reads or writes. The statistics know their number and time, not their bytes: calls
 * that are many and quick at once are ones that move little.
 */
public final class ManySmallCallsRule extends KernelRule {
  /** Calls a second. */
  public static final TypedPreference<IQuantity> LIMIT =
      numberLimit(
          "dev.kernelflight.smallCalls.limit",
          "Short reads or writes in a second",
          "How many reads or writes of one kind a second, in a period of the statistics, are worth a"
              + " warning",
          20_000);

  /** What short is. */
  public static final TypedPreference<IQuantity> SHORT =
      new TypedPreference<>(
          "dev.kernelflight.smallCalls.short",
          "Time of a short call",
          "Calls that take longer in the mean are not looked at",
          UnitLookup.TIMESPAN,
          UnitLookup.MICROSECOND.quantity(50));

  private static final Set<String> CALLS =
      Set.of(
          "read",
          "write",
          "pread64",
          "pwrite64",
          "readv",
          "writev",
          "preadv",
          "pwritev",
          "recvfrom",
          "sendto",
          "recvmsg",
          "sendmsg");
  private static final IAttribute<IQuantity> TOTAL = KernelEvents.timespan("total");
  private static final List<String> IO_PACKAGES = List.of("java.io.", "java.nio.", "sun.nio.");

  /** Statistics of one moment are committed within this time. */
  private static final long SAME_MOMENT_NANOS = 500_000_000;

  private static final long LEAST_PERIOD_NANOS = 1_000_000_000;

  /** Calls of one kind, in the period with the most of them. */
  private record Burst(String name, long count, long nanos, long periodNanos) {
    double perSecond() {
      return count * 1e9 / periodNanos;
    }

    double mean() {
      return (double) nanos / Math.max(count, 1);
    }
  }

  /** Made by Mission Control. */
  public ManySmallCallsRule() {
    super(
        "KernelManySmallCalls",
        "Many Short Reads or Writes",
        Topics.STATISTICS,
        List.of(LIMIT, SHORT),
        KernelEvents.STATISTICS);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    List<Burst> bursts =
        bursts(items).stream()
            .filter(burst -> burst.mean() <= limits.get(SHORT))
            .sorted(Comparator.comparingDouble(Burst::perSecond).reversed())
            .toList();
    if (bursts.isEmpty()) {
      return Finding.fine(0, "There are no short reads or writes.");
    }
    Burst first = bursts.get(0);
    double limit = limits.get(LIMIT);
    double score = score(first.perSecond(), limit);
    String summary =
        "%s was called up to %s times a second, with %s a call."
            .formatted(
                first.name, count(Math.round(first.perSecond())), time(Math.round(first.mean())));
    if (!isNotable(score)) {
      return Finding.fine(score, summary);
    }
    String callers = Callers.sampledIn(IO_PACKAGES, items);
    return new Finding(
        score,
        summary,
        "Calls as quick as these move few bytes each: their cost is the way into the kernel and back,"
            + " many times over. The kernel counts them exactly, but not their bytes.",
        "Put a BufferedInputStream, BufferedOutputStream or BufferedReader around the stream, or read"
            + " and write blocks of 8 kB and more. Count the bytes of a call with kernel.Syscall and"
            + " syscalls="
            + first.name
            + ", threshold=0ns, for a second.",
        bursts.stream()
            .filter(burst -> isNotable(score(burst.perSecond(), limit)))
            .map(burst ->
                "%s: %s calls in %s%s"
                    .formatted(burst.name, count(burst.count), time(burst.periodNanos), callers))
            .toList());
  }

  private static List<Burst> bursts(IItemCollection items) {
    List<IItem> statistics = KernelEvents.of(items, KernelEvents.STATISTICS).toList();
    TreeSet<Long> moments = new TreeSet<>();
    IQuantity first = RulesToolkit.getEarliestStartTime(items);
    if (first != null) {
      moments.add(first.clampedLongValueIn(UnitLookup.EPOCH_NS));
    }
    statistics.stream()
        .map(KernelEvents::start)
        .sorted()
        .forEach(time -> {
          if (moments.isEmpty() || time - moments.last() > SAME_MOMENT_NANOS) {
            moments.add(time);
          }
        });
    Map<String, Burst> worst = new HashMap<>();
    Map<String, Map<Long, Burst>> periods = new HashMap<>();
    for (IItem item : statistics) {
      String name = SystemCalls.name(item);
      Long moment = moments.floor(KernelEvents.start(item));
      if (CALLS.contains(name) && moment != null) {
        Long before = moments.lower(moment);
        long period = Math.max(before == null ? 0 : moment - before, LEAST_PERIOD_NANOS);
        Burst burst =
            periods
                .computeIfAbsent(name, n -> new HashMap<>())
                .merge(
                    moment,
                    new Burst(
                        name,
                        KernelEvents.number(item, "count"),
                        KernelEvents.nanos(item, TOTAL),
                        period),
                    // with byThread there is one for each thread
                    (a, b) -> new Burst(name, a.count + b.count, a.nanos + b.nanos, period));
        worst.merge(name, burst, (a, b) -> a.perSecond() > b.perSecond() ? a : b);
      }
    }
    return List.copyOf(worst.values());
  }
}
