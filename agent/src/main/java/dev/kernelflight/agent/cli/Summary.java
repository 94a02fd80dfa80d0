package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.recording.EventKind;
import dev.kernelflight.agent.recording.KernelEvent;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** The last line below a table: what it held, what is missing, and how the kernel was traced. */
final class Summary {
  private final List<KernelEvent> shown;
  private final int leftOut;
  private long lost;

  /** Events by the hook that carries them. */
  private final Map<String, List<String>> hooks = new LinkedHashMap<>();

  /**
   * @param all of a recording
   * @param shown those of them that the table is made of
   * @param leftOut how many would be among these, but are JFR's own
   */
  Summary(List<KernelEvent> all, List<KernelEvent> shown, int leftOut) {
    this.shown = shown;
    this.leftOut = leftOut;
    for (KernelEvent event : all) {
      if (event.kind() == EventKind.LOST) {
        lost += event.number("count");
      } else if (event.kind() == EventKind.PROBE) {
        addProbe(event);
      }
    }
  }

  /** Calls that the recording should hold and does not. */
  long lost() {
    return lost;
  }

  private void addProbe(KernelEvent probe) {
    String target = probe.text("target");
    String hook =
        Objects.requireNonNullElse(probe.text("hook"), "unknown")
            + (target == null ? "" : " (" + target + ")");
    EventKind carried = EventKind.of(Objects.requireNonNullElse(probe.text("event"), ""));
    List<String> events = hooks.computeIfAbsent(hook, h -> new ArrayList<>());
    String name = carried == null ? String.valueOf(probe.text("event")) : carried.plural();
    if (!events.contains(name)) {
      events.add(name);
    }
  }

  String line() {
    return counts()
        + "; "
        + lost
        + " lost; "
        + hook()
        + (leftOut == 0 ? "" : "; " + leftOut + " opens by JFR itself left out (--jfr)");
  }

  private String counts() {
    Map<EventKind, long[]> counts = new EnumMap<>(EventKind.class);
    for (KernelEvent event : shown) {
      long[] count = counts.computeIfAbsent(event.kind(), k -> new long[2]);
      count[0]++;
      count[1] += event.errno() == null ? 0 : 1;
    }
    if (counts.isEmpty()) {
      return "no events";
    }
    long threads = threads();
    return counts.entrySet().stream().map(Summary::count).collect(Collectors.joining(", "))
        + (threads == 0 ? "" : ", by " + threads + (threads == 1 ? " thread" : " threads"));
  }

  /** Java threads by their own ids, since carriers run many; others by those of the kernel. */
  private long threads() {
    Set<Long> java = new HashSet<>();
    Set<Integer> platform = new HashSet<>();
    Set<Integer> others = new HashSet<>();
    for (KernelEvent event : shown) {
      if (event.javaThreadId() != 0) {
        java.add(event.javaThreadId());
        platform.add(event.osThreadId());
      } else if (event.osThreadId() != 0) {
        others.add(event.osThreadId());
      }
    }
    // a thread may have made calls before the agent knew which it was
    others.removeAll(platform);
    return (long) java.size() + others.size();
  }

  private static String count(Map.Entry<EventKind, long[]> entry) {
    long[] count = entry.getValue();
    return count[0]
        + " "
        + entry.getKey().plural()
        + (entry.getKey().isCall() ? " (" + count[1] + " failed)" : "");
  }

  private String hook() {
    if (hooks.size() == 1) {
      return "hook: " + hooks.keySet().iterator().next();
    }
    return hooks.isEmpty()
        ? "hook: not told"
        : "hooks: "
            + hooks.entrySet().stream()
                .map(hook -> hook.getKey() + " of " + String.join(" and ", hook.getValue()))
                .collect(Collectors.joining(", "));
  }
}
