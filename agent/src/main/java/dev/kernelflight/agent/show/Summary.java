package dev.kernelflight.agent.show;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.recording.Losses;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** The last line below a table: what it held, what is missing, and how the kernel was traced. */
public final class Summary {
  private final List<KernelEvent> shown;
  private final Losses lost = new Losses();
  private final int leftOut;

  /** Events by the hook that carries them. */
  private final Map<String, List<String>> hooks = new LinkedHashMap<>();

  /**
   * @param all of a recording
   * @param shown those of them that the table is made of
   * @param leftOut how many would be among these, but are JFR's own
   */
  public Summary(List<KernelEvent> all, List<KernelEvent> shown, int leftOut) {
    this.shown = shown;
    this.leftOut = leftOut;
    for (KernelEvent event : all) {
      if (event.kind().equals(Kinds.LOST)) {
        lost.add(event.number("count"));
      } else if (event.kind().equals(Kinds.PROBE)) {
        addProbe(event);
      }
    }
  }

  /** Calls that the recording should hold and does not. */
  public Losses lost() {
    return lost;
  }

  private void addProbe(KernelEvent probe) {
    String target = probe.text("target");
    String hook =
        Objects.requireNonNullElse(probe.text("hook"), "unknown")
            + (target == null ? "" : " (" + target + ")");
    String event = String.valueOf(probe.text("event"));
    List<String> events = hooks.computeIfAbsent(hook, h -> new ArrayList<>());
    String name = Kinds.ofEvent(event).map(Kind::plural).orElse(event);
    if (!events.contains(name)) {
      events.add(name);
    }
  }

  public String line() {
    return counts()
        + "; "
        + lost.number()
        + " lost; "
        + hook()
        + (leftOut == 0 ? "" : "; " + leftOut + " opens by JFR itself left out (--jfr)");
  }

  private String counts() {
    Map<Kind, long[]> counts = new HashMap<>();
    for (KernelEvent event : shown) {
      long[] count = counts.computeIfAbsent(event.kind(), k -> new long[2]);
      count[0]++;
      count[1] += event.errno() == null ? 0 : 1;
    }
    if (counts.isEmpty()) {
      return "no events";
    }
    long threads = threads();
    return Kinds.all().stream()
            .filter(counts::containsKey)
            .map(kind -> count(kind, counts.getOrDefault(kind, new long[2])))
            .collect(Collectors.joining(", "))
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

  private static String count(Kind kind, long[] count) {
    return count[0] + " " + kind.plural() + (kind.isCall() ? " (" + count[1] + " failed)" : "");
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
