package dev.kernelflight.jmc.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCType;
import org.openjdk.jmc.common.item.Attribute;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.common.util.TypedPreference;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;

/**
 * System calls that take long, by kind and by what they are about. Calls that wait for something to
 * do are left out, but a futex counts where the JVM says that the thread waited for a lock.
 */
public final class SlowSystemCallsRule extends KernelRule {
  /** Time of one call. */
  public static final TypedPreference<IQuantity> LIMIT =
      timeLimit(
          "dev.kernelflight.slowSystemCalls.limit",
          "Time of a call",
          "How long a system call may take before that is worth a warning",
          500);

  /** Time of all such calls by that of the recording. */
  public static final TypedPreference<IQuantity> SHARE =
      percentLimit(
          "dev.kernelflight.slowSystemCalls.share",
          "Part of the recording's time",
          "Which part of the recording (of 10 seconds at least) slow calls of one kind may take together"
              + " before that is worth a warning",
          20);

  private static final int NAMED = 5;

  /** Calls that SlowOpensRule looks at. */
  private static final Set<String> OPENS = Set.of("open", "openat", "openat2", "creat");

  private static final String FUTEX = "futex";
  private static final String MONITOR_ENTER = "jdk.JavaMonitorEnter";
  private static final String THREAD_PARK = "jdk.ThreadPark";
  private static final IAttribute<IMCType> MONITOR_CLASS = type("monitorClass");
  private static final IAttribute<IMCType> PARKED_CLASS = type("parkedClass");

  /** Made by Mission Control. */
  public SlowSystemCallsRule() {
    super(
        "KernelSlowSystemCalls",
        "Slow System Calls",
        Topics.SYSTEM_CALLS,
        List.of(LIMIT, SHARE),
        KernelEvents.SYSCALL);
  }

  private static IAttribute<IMCType> type(String field) {
    return Attribute.attr(field, field, UnitLookup.CLASS);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    Map<Long, NavigableMap<Long, LockWait>> lockWaits = lockWaits(items);
    Map<String, Tally> kinds = new HashMap<>();
    Map<String, List<IItem>> calls = new HashMap<>();
    boolean opensElsewhere = KernelEvents.of(items, KernelEvents.FILE_OPEN).findAny().isPresent();
    KernelEvents.of(items, KernelEvents.SYSCALL)
        .filter(call -> !(opensElsewhere && OPENS.contains(SystemCalls.name(call))))
        .forEach(call -> {
          String kind =
              SystemCalls.name(call).equals(FUTEX)
                  ? lock(call, lockWaits)
                  : SystemCalls.isWaiting(call) ? null : SystemCalls.withTarget(call);
          if (kind != null) {
            kinds.computeIfAbsent(kind, Tally::new).add(call);
            calls.computeIfAbsent(kind, k -> new ArrayList<>()).add(call);
          }
        });
    if (kinds.isEmpty()) {
      return Finding.fine(0, "No system call was slow but those that wait for something to do.");
    }
    double recorded = Math.max(recordedNanos(items), Tally.WINDOW_SECONDS * 1e9);
    List<Tally> worst =
        Tally.top(kinds, Comparator.comparingDouble(kind -> score(kind, recorded, limits)), NAMED);
    Tally first = worst.get(0);
    double score = score(first, recorded, limits);
    String summary =
        "%s took up to %s, together %s."
            .formatted(first.key(), time(first.longest()), time(first.total()));
    if (!isNotable(score)) {
      return Finding.fine(score, summary);
    }
    return new Finding(
        score,
        summary,
        "The thread did nothing else in that time. Calls that wait for something to do are left out; a"
            + " futex is here only where the thread waited for a lock.",
        advice(first.key()),
        worst.stream()
            .filter(kind -> isNotable(score(kind, recorded, limits)))
            .map(kind ->
                "%s: %s at the longest, %s calls together %s, by %s%s"
                    .formatted(
                        kind.key(),
                        time(kind.longest()),
                        count(kind.count()),
                        time(kind.total()),
                        kind.threads(),
                        Callers.of(calls.getOrDefault(kind.key(), List.of()), items)))
            .toList());
  }

  private static double score(Tally kind, double recorded, Limits limits) {
    return Math.max(
        score(kind.longest(), limits.get(LIMIT)),
        score(100 * kind.total() / recorded, limits.get(SHARE)));
  }

  private static double recordedNanos(IItemCollection items) {
    IQuantity start = RulesToolkit.getEarliestStartTime(items);
    IQuantity end = RulesToolkit.getLatestEndTime(items);
    return start == null || end == null
        ? 0
        : end.subtract(start).doubleValueIn(UnitLookup.NANOSECOND);
  }

  /** A time that a thread spent on waiting for a lock, as the JVM saw it. */
  private record LockWait(long end, String lock) {}

  private static Map<Long, NavigableMap<Long, LockWait>> lockWaits(IItemCollection items) {
    Map<Long, NavigableMap<Long, LockWait>> waits = new HashMap<>();
    KernelEvents.of(items, MONITOR_ENTER, THREAD_PARK)
        .forEach(wait -> {
          Long thread = KernelEvents.javaThread(wait);
          String lock = lockClass(wait);
          if (thread != null && lock != null) {
            waits
                .computeIfAbsent(thread, t -> new TreeMap<>())
                .put(KernelEvents.start(wait), new LockWait(KernelEvents.end(wait), lock));
          }
        });
    return waits;
  }

  /** The class of the lock; null where the thread is parked for something other than a lock. */
  private static @Nullable String lockClass(IItem wait) {
    IMCType monitor = KernelEvents.get(wait, MONITOR_CLASS);
    if (monitor != null) {
      return monitor.getFullName();
    }
    IMCType parked = KernelEvents.get(wait, PARKED_CLASS);
    return parked != null
            && parked.getFullName().matches("java\\.util\\.concurrent\\.locks\\..*Sync")
        ? parked.getFullName()
        : null;
  }

  private static @Nullable String lock(
      IItem futex, Map<Long, NavigableMap<Long, LockWait>> lockWaits) {
    NavigableMap<Long, LockWait> ofThread = lockWaits.get(KernelEvents.javaThread(futex));
    Map.Entry<Long, LockWait> before =
        ofThread == null ? null : ofThread.floorEntry(KernelEvents.end(futex));
    return before != null && before.getValue().end >= KernelEvents.start(futex)
        ? FUTEX + " for a lock of " + before.getValue().lock
        : null;
  }

  private static String advice(String kind) {
    return switch (kind.replaceFirst(" .*", "")) {
      case "fsync", "fdatasync", "msync", "sync_file_range", "sync", "syncfs" ->
          "The disk is the limit: force less often and more at once (group commit), put the file on a"
              + " faster device, or force on a thread that nobody waits for.";
      case "connect" ->
          "The other side does not answer, or its queue of new connections is full: set a connect"
              + " timeout, keep connections open (a pool), look at the other side's backlog.";
      case FUTEX ->
          "Another thread held the lock: hold it for less long, or divide it. The page Lock Instances"
              + " has the holders.";
      case "write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg" ->
          "What is written to takes it slowly: a busy disk, a full pipe, a peer that does not read."
              + " Write less or larger blocks, or on a thread that nobody waits for.";
      case "read", "readv", "pread64", "preadv", "getdents64" ->
          "The content was not in the page cache: read it ahead of time, in larger blocks, or from a"
              + " faster device.";
      default -> "See what the call waits for, and keep it off the threads that someone waits for.";
    };
  }
}
