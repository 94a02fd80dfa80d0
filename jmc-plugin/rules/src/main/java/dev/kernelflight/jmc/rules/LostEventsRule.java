package dev.kernelflight.jmc.rules;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/** Kernel events that are missing from the recording. Any of them is worth an information. */
public final class LostEventsRule extends KernelRule {
  /** Lost events by all. */
  public static final TypedPreference<IQuantity> LIMIT =
      percentLimit(
          "dev.kernelflight.lostEvents.limit",
          "Part of the events that was lost",
          "Which part of all kernel events may be lost before that is worth a warning",
          1);

  private static final IAttribute<String> REASON = KernelEvents.text("reason");
  private static final IAttribute<String> BUFFER = KernelEvents.text("buffer");

  /** Before the agent's advice, at the end of a reason. */
  private static final String WHAT_TO_DO = "; what to do: ";

  /** As in "perf buffers of 1024 pages on 2 CPUs". */
  private static final Pattern PAGES = Pattern.compile("of (\\d+) pages");

  /** Made by Mission Control. */
  public LostEventsRule() {
    super(
        "KernelLostEvents",
        "Lost Kernel Events",
        Topics.RECORDING,
        List.of(LIMIT),
        KernelEvents.EVENTS_LOST);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    Map<String, Long> reasons = new HashMap<>();
    Set<String> uncounted = new TreeSet<>();
    Set<String> advice = new TreeSet<>();
    KernelEvents.of(items, KernelEvents.EVENTS_LOST)
        .forEach(lost -> {
          String reason = Objects.requireNonNullElse(KernelEvents.get(lost, REASON), "unknown");
          long count = KernelEvents.number(lost, "count");
          if (count < 0) {
            int at = reason.indexOf(WHAT_TO_DO);
            uncounted.add(at < 0 ? reason : reason.substring(0, at));
            if (at >= 0) {
              advice.add(sentence(reason.substring(at + WHAT_TO_DO.length())));
            }
          } else {
            reasons.merge(reason, count, Long::sum);
          }
        });
    long lost = reasons.values().stream().mapToLong(Long::longValue).sum();
    if (!uncounted.isEmpty()) {
      return new Finding(
          WARNING,
          "An unknown number of kernel events is missing from the recording%s."
              .formatted(lost == 0 ? "" : ", and " + count(lost) + " that were counted"),
          "For some time they were not recorded, or not all of them. What the other rules say is"
              + " incomplete.",
          (advice.isEmpty() ? "The reasons say what was missing." : String.join(" ", advice))
              + " The events kernel.EventsLost begin and end with the time that is missing.",
          Stream.concat(
                  uncounted.stream(),
                  inOrder(reasons).map(reason -> count(reason.getValue()) + ": " + reason.getKey()))
              .toList());
    }
    if (lost == 0) {
      return Finding.fine(0, "No kernel event was lost.");
    }
    long taken =
        KernelEvents.of(items, KernelEvents.DRAIN)
            .mapToLong(drain -> KernelEvents.number(drain, "records"))
            .sum();
    double percent = 100.0 * lost / (lost + taken);
    return new Finding(
        Math.max(score(percent, limits.get(LIMIT)), INFORMATION),
        "%s kernel events are missing from the recording (%s of all)."
            .formatted(count(lost), percent(percent)),
        "What the other rules say of single events is incomplete: counts are too low, and the longest"
            + " call may be missing. kernel.SyscallStatistics is counted in the kernel and stays exact.",
        solution(items),
        inOrder(reasons).map(reason -> count(reason.getValue()) + ": " + reason.getKey()).toList());
  }

  private static Stream<Map.Entry<String, Long>> inOrder(Map<String, Long> reasons) {
    return reasons.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()));
  }

  private static String sentence(String advice) {
    return Character.toUpperCase(advice.charAt(0))
        + advice.substring(1)
        + (advice.endsWith(".") ? "" : ".");
  }

  private static String solution(IItemCollection items) {
    String larger =
        KernelEvents.of(items, KernelEvents.PROBE)
            .map(probe -> KernelEvents.get(probe, BUFFER))
            .filter(Objects::nonNull)
            .map(PAGES::matcher)
            .filter(Matcher::find)
            .findFirst()
            .map(pages ->
                "The buffers had %s pages: start the agent with pages=%d."
                    .formatted(pages.group(1), 4 * Long.parseLong(pages.group(1))))
            .orElse("Enlarge the buffers with the agent's option pages=.");
    return larger
        + " Or record less: a threshold for kernel.FileOpen or kernel.Syscall, errorsOnly, a path, fewer"
        + " syscalls. Those are decided in the kernel, so what they leave out takes no room.";
  }
}
