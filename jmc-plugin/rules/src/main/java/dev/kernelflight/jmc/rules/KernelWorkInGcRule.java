package dev.kernelflight.jmc.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/**
 * System calls of the JVM's own threads inside pauses of the garbage collector: the application
 * waits for them. Of Java threads that are in the kernel meanwhile nobody waits.
 */
public final class KernelWorkInGcRule extends KernelRule {
  /** Time of such calls in one pause. */
  public static final TypedPreference<IQuantity> LIMIT =
      timeLimit(
          "dev.kernelflight.kernelWorkInGc.limit",
          "Kernel time in a pause",
          "How long system calls may hold up one pause before that is worth a warning",
          100);

  private static final String PAUSE = "jdk.GCPhasePause";
  private static final int NAMED = 5;

  /** Made by Mission Control. */
  public KernelWorkInGcRule() {
    super(
        "KernelWorkInGc",
        "Kernel Work Inside GC Pauses",
        Topics.SYSTEM_CALLS,
        List.of(LIMIT),
        PAUSE,
        KernelEvents.SYSCALL);
  }

  /** A pause, and the longest call in it. */
  private static final class Pause {
    final long start;
    final long end;
    long longest;
    String call = "";

    Pause(IItem pause) {
      start = KernelEvents.start(pause);
      end = KernelEvents.end(pause);
    }

    /** Calls of several threads may be at once: the longest is what holds up the pause at least. */
    void add(IItem call, String text) {
      long inside =
          Math.min(end, KernelEvents.end(call)) - Math.max(start, KernelEvents.start(call));
      if (inside > longest) {
        longest = inside;
        this.call = text + ", by " + KernelEvents.threadName(call);
      }
    }
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    NavigableMap<Long, Pause> pauses = new TreeMap<>();
    KernelEvents.of(items, PAUSE)
        .map(Pause::new)
        .forEach(pause -> pauses.merge(pause.start, pause, (a, b) -> a.end > b.end ? a : b));
    if (pauses.isEmpty()) {
      return Finding.fine(0, "There was no pause of the garbage collector.");
    }
    KernelEvents.of(items, KernelEvents.SYSCALL)
        .filter(call -> KernelEvents.isOfVm(call) && !SystemCalls.isWaiting(call))
        .forEach(call -> add(call, SystemCalls.withTarget(call), pauses));
    KernelEvents.of(items, KernelEvents.FILE_OPEN)
        .filter(KernelEvents::isOfVm)
        .forEach(open -> add(open, "open " + KernelEvents.get(open, KernelEvents.PATH), pauses));
    List<Pause> worst =
        pauses.values().stream()
            .filter(pause -> pause.longest > 0)
            .sorted(Comparator.comparingLong((Pause pause) -> pause.longest).reversed())
            .toList();
    if (worst.isEmpty()) {
      return Finding.fine(0, "No system call that was recorded fell into a pause.");
    }
    Pause first = worst.get(0);
    double limit = limits.get(LIMIT);
    double score = score(first.longest, limit);
    String summary =
        "A pause of %s spent %s in %s."
            .formatted(time(first.end - first.start), time(first.longest), first.call);
    if (!isNotable(score)) {
      return Finding.fine(score, summary);
    }
    return new Finding(
        score,
        summary,
        "A thread of the JVM was in the kernel during the pause, and all of the application waited for"
            + " it. kernel.Syscall has calls above its threshold only: lower it to see shorter ones.",
        "A log of the garbage collector on a slow disk or pipe: -Xlog:async, or a faster place (tmpfs)."
            + " Memory given back or taken (madvise, munmap, mmap): -Xms equal to -Xmx and"
            + " -XX:+AlwaysPreTouch. The file hsperfdata: -XX:+PerfDisableSharedMem.",
        culprits(worst, limit));
  }

  private static void add(IItem call, String text, NavigableMap<Long, Pause> pauses) {
    pauses.headMap(KernelEvents.end(call), false).descendingMap().values().stream()
        // pauses do not overlap: the first that ended before the call began is the last to look at
        .takeWhile(pause -> pause.end > KernelEvents.start(call))
        .forEach(pause -> pause.add(call, text));
  }

  private static List<String> culprits(List<Pause> worst, double limit) {
    Map<String, List<Pause>> calls = new HashMap<>();
    worst.stream()
        .filter(pause -> isNotable(score(pause.longest, limit)))
        .forEach(pause -> calls.computeIfAbsent(pause.call, c -> new ArrayList<>()).add(pause));
    return calls.entrySet().stream()
        .sorted(Comparator.comparingLong(call -> -call.getValue().get(0).longest))
        .limit(NAMED)
        .map(call ->
            "%s: up to %s in %s pauses"
                .formatted(
                    call.getKey(),
                    time(call.getValue().get(0).longest),
                    count(call.getValue().size())))
        .toList();
  }
}
