package dev.kernelflight.jmc.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.common.util.TypedPreference;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;

/**
 * File opens that are traced at the raw tracepoints of all system calls, or not at all. How much
 * that costs depends on how many calls there are, which the statistics say.
 */
public final class ExpensiveHookRule extends KernelRule {
  /** Calls a second. */
  public static final TypedPreference<IQuantity> LIMIT =
      numberLimit(
          "dev.kernelflight.expensiveHook.limit",
          "System calls in a second",
          "How many system calls a second through the tracepoints are worth a warning",
          100_000);

  private static final IAttribute<String> EVENT = KernelEvents.text("event");
  private static final IAttribute<String> HOOK = KernelEvents.text("hook");
  private static final IAttribute<String> REFUSED = KernelEvents.text("refused");
  private static final String TRACEPOINT = "tracepoint";
  private static final String NONE = "none";

  /** Made by Mission Control. */
  public ExpensiveHookRule() {
    super(
        "KernelExpensiveHook",
        "Tracing on an Expensive Hook",
        Topics.RECORDING,
        List.of(LIMIT),
        KernelEvents.PROBE);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    TreeMap<Long, IItem> probes = new TreeMap<>();
    List<String> missing = new ArrayList<>();
    KernelEvents.of(items, KernelEvents.PROBE)
        .forEach(probe -> {
          if (NONE.equals(KernelEvents.get(probe, HOOK))) {
            missing.add(
                "%s: %s"
                    .formatted(KernelEvents.get(probe, EVENT), KernelEvents.get(probe, REFUSED)));
          }
          if (KernelEvents.FILE_OPEN.equals(KernelEvents.get(probe, EVENT))) {
            probes.put(KernelEvents.start(probe), probe);
          }
        });
    if (!missing.isEmpty()) {
      return new Finding(
          100,
          "The kernel refused every hook of an event: nothing of it is recorded.",
          "The agent tried what it has, from cheap to expensive, and the kernel refused all of it.",
          "java -jar ebpf-agent.jar --help, and docs/permissions.md, say which capabilities the agent"
              + " needs. What the kernel answered:",
          missing.stream().distinct().toList());
    }
    if (probes.isEmpty()) {
      return null;
    }
    IItem probe = probes.lastEntry().getValue();
    if (!TRACEPOINT.equals(KernelEvents.get(probe, HOOK))) {
      return Finding.fine(
          0, "File opens are traced by %s.".formatted(KernelEvents.get(probe, HOOK)));
    }
    double perSecond = callsPerSecond(items);
    String refused = KernelEvents.get(probe, REFUSED);
    return new Finding(
        Math.max(score(perSecond, limits.get(LIMIT)), INFORMATION),
        "File opens are traced at the tracepoints of all system calls%s."
            .formatted(
                perSecond > 0
                    ? ", of which there were %s a second".formatted(count(Math.round(perSecond)))
                    : ""),
        "Every system call of the JVM runs two small programs, and every call of any process on the"
            + " machine takes the kernel's slower way in, while such a recording runs. kernel.Syscall and"
            + " kernel.SyscallStatistics need these tracepoints in any case; file opens alone do not"
            + " where the kernel has fentry or kprobes.",
        fix(refused),
        refused == null ? List.of() : refused.lines().toList());
  }

  private static String fix(@Nullable String refused) {
    if (refused == null) {
      return "The agent was told to: leave out attach=tracepoint.";
    }
    String privileges =
        refused.contains("EPERM") || refused.contains("EACCES")
            ? "Some were refused for want of privileges: run as root or with CAP_BPF and CAP_PERFMON, and"
                + " see whether the kernel is locked down (docs/permissions.md). "
            : "";
    return privileges
        + "The kernel needs CONFIG_FUNCTION_TRACER and CONFIG_DEBUG_INFO_BTF for fentry, CONFIG_KPROBES"
        + " for kprobes. Switch kernel.Syscall and kernel.SyscallStatistics off where file opens are"
        + " all that is wanted.";
  }

  private static double callsPerSecond(IItemCollection items) {
    long calls =
        KernelEvents.of(items, KernelEvents.STATISTICS)
            .mapToLong(statistics -> KernelEvents.number(statistics, "count"))
            .sum();
    IQuantity start = RulesToolkit.getEarliestStartTime(items);
    IQuantity end = RulesToolkit.getLatestEndTime(items);
    double seconds =
        start == null || end == null ? 0 : end.subtract(start).doubleValueIn(UnitLookup.SECOND);
    return calls / Math.max(seconds, 1);
  }
}
