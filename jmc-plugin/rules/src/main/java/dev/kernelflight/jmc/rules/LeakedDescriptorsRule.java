package dev.kernelflight.jmc.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/**
 * File descriptors that are opened and not closed. Closes need not be in the recording: the kernel
 * gives out the lowest number that is free, so whenever an open returns a number, all lower ones
 * are in use. A number that an earlier open returned, and none after it, is then still that file's
 * (or a socket's or pipe's, if it was closed and given to one; those are not seen).
 */
public final class LeakedDescriptorsRule extends KernelRule {
  /** Descriptors that stay open. */
  public static final TypedPreference<IQuantity> LIMIT =
      numberLimit(
          "dev.kernelflight.leakedDescriptors.limit",
          "Descriptors that stay open",
          "How many files that stayed open, of the later half of all opens, are worth a warning",
          100);

  private static final IAttribute<IQuantity> FD = KernelEvents.integer("fd");
  private static final int NAMED = 5;

  /** A JVM opens each of these once and keeps it. */
  private static final Pattern KEPT =
      Pattern.compile(".*(\\.jar|\\.zip|\\.jmod|\\.so(\\.\\d+)*|/modules)");

  private static final Pattern SYSTEM = Pattern.compile("/(proc|sys)/.*");

  /** An open that returned a descriptor. */
  private record Open(long start, long end, long fd, String path, IItem item) {}

  /** Made by Mission Control. */
  public LeakedDescriptorsRule() {
    super(
        "KernelLeakedDescriptors",
        "Files Opened and Not Closed",
        Topics.FILE_OPENS,
        List.of(LIMIT),
        KernelEvents.FILE_OPEN);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    List<Open> opens = opens(items);
    if (opens.isEmpty()) {
      return Finding.fine(0, "No file was opened.");
    }
    Open last = opens.get(opens.size() - 1);
    List<Open> held = held(opens);
    long middle = middle(opens);
    List<Open> late = held.stream().filter(open -> open.start >= middle).toList();
    double score = score(late.size(), limits.get(LIMIT));
    if (!isNotable(score)) {
      return Finding.fine(
          score,
          "%s files that were opened stayed open, which is not many."
              .formatted(count(held.size())));
    }
    Map<String, List<Open>> places = new HashMap<>();
    for (Open open : late) {
      places.computeIfAbsent(place(open.path), p -> new ArrayList<>()).add(open);
    }
    List<Map.Entry<String, List<Open>>> worst =
        places.entrySet().stream()
            .sorted(Comparator.comparingInt(place -> -place.getValue().size()))
            .limit(NAMED)
            .toList();
    return new Finding(
        score,
        "%s files that were opened stayed open; most of them in %s. The last open was given descriptor %d."
            .formatted(count(held.size()), worst.get(0).getKey(), last.fd),
        "The kernel gives out the lowest free number, so the descriptors below that one are in use. When"
            + " the limit of the process is reached (ulimit -n), opens and accepts fail with EMFILE. Only"
            + " files are seen: sockets and pipes are not, and a descriptor that was closed and is a"
            + " socket now counts as open. Files opened before the recording do not count.",
        "Close what is opened: try-with-resources around streams, channels, Files.list, Files.walk,"
            + " Files.lines, class loaders.",
        worst.stream()
            .map(place ->
                "%s: %s files, such as %s, by %s%s"
                    .formatted(
                        place.getKey(),
                        count(place.getValue().size()),
                        place.getValue().get(0).path,
                        KernelEvents.threadName(place.getValue().get(0).item),
                        Callers.of(place.getValue().stream().map(Open::item).toList(), items)))
            .toList());
  }

  private static List<Open> opens(IItemCollection items) {
    List<Open> opens = new ArrayList<>();
    KernelEvents.of(items, KernelEvents.FILE_OPEN)
        .forEach(open -> {
          IQuantity fd = KernelEvents.get(open, FD);
          String path = KernelEvents.get(open, KernelEvents.PATH);
          if (fd != null && fd.longValue() >= 0 && path != null) {
            opens.add(
                new Open(
                    KernelEvents.start(open), KernelEvents.end(open), fd.longValue(), path, open));
          }
        });
    opens.sort(Comparator.comparingLong(Open::start));
    return opens;
  }

  /**
   * When half of the opens were made: by number and not by time, since a burst in a long recording
   * is a leak, too. What JFR itself reads of the system all the time is left out.
   */
  private static long middle(List<Open> opens) {
    List<Open> ofApplication =
        opens.stream().filter(open -> !SYSTEM.matcher(open.path).matches()).toList();
    return ofApplication.isEmpty() ? 0 : ofApplication.get(ofApplication.size() / 2).start;
  }

  /** Those that were still open at a later open, in the order of their start. */
  private static List<Open> held(List<Open> opens) {
    Map<Long, Integer> lastOfFd = new HashMap<>();
    long[] highestFrom = new long[opens.size() + 1];
    highestFrom[opens.size()] = -1;
    for (int i = opens.size() - 1; i >= 0; i--) {
      highestFrom[i] = Math.max(highestFrom[i + 1], opens.get(i).fd);
      lastOfFd.putIfAbsent(opens.get(i).fd, i);
    }
    Map<String, Integer> ofPath = new HashMap<>();
    List<Open> held = new ArrayList<>();
    lastOfFd.values().stream()
        .sorted()
        .forEach(i -> {
          Open open = opens.get(i);
          if (highestFrom[firstAfter(open.end, i, opens)] > open.fd) {
            held.add(open);
            ofPath.merge(open.path, 1, Integer::sum);
          }
        });
    held.removeIf(
        open -> KEPT.matcher(open.path).matches() && ofPath.getOrDefault(open.path, 0) < 2);
    return held;
  }

  /** The first open that began after that time. */
  private static int firstAfter(long time, int from, List<Open> opens) {
    int i = from + 1;
    while (i < opens.size() && opens.get(i).start < time) {
      i++;
    }
    return i;
  }

  private static String place(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "." : path.substring(0, Math.max(slash, 1));
  }
}
