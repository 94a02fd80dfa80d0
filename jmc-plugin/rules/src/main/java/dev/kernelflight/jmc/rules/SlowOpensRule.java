package dev.kernelflight.jmc.rules;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/** Opens that take long. */
public final class SlowOpensRule extends KernelRule {
  /** Time of one open. */
  public static final TypedPreference<IQuantity> LIMIT =
      timeLimit(
          "dev.kernelflight.slowOpens.limit",
          "Time of an open",
          "How long an open may take before that is worth a warning",
          400);

  private static final int NAMED = 5;

  /** Made by Mission Control. */
  public SlowOpensRule() {
    super(
        "KernelSlowOpens", "Slow Opens", Topics.FILE_OPENS, List.of(LIMIT), KernelEvents.FILE_OPEN);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    Map<String, Tally> files = new HashMap<>();
    KernelEvents.of(items, KernelEvents.FILE_OPEN)
        .forEach(open -> files.computeIfAbsent(KernelEvents.path(open), Tally::new).add(open));
    List<Tally> worst = Tally.top(files, Tally.BY_LONGEST, NAMED);
    if (worst.isEmpty()) {
      return Finding.fine(0, "No file was opened.");
    }
    Tally first = worst.get(0);
    double limit = limits.get(LIMIT);
    double score = score(first.longest(), limit);
    String summary = "The slowest open took %s: %s.".formatted(time(first.longest()), first.key());
    if (!isNotable(score)) {
      return Finding.fine(score, summary);
    }
    return new Finding(
        score,
        summary,
        "An open of a local file takes microseconds. It takes longer where the file is on a network or"
            + " user-space file system (NFS, SMB, FUSE), a directory has to be read from a busy disk,"
            + " another process holds a lease, or the file is a FIFO, whose open waits for the other"
            + " end.",
        "Look at what the path is mounted from (findmnt -T PATH). Open such files ahead of time or on a"
            + " thread that nobody waits for.",
        worst.stream()
            .filter(file -> isNotable(score(file.longest(), limit)))
            .map(file ->
                "%s: %s at the longest, %s opens together %s, by %s%s"
                    .formatted(
                        file.key(),
                        time(file.longest()),
                        count(file.count()),
                        time(file.total()),
                        file.threads(),
                        Callers.of(KernelEvents.opensOf(file.key(), items), items)))
            .toList());
  }
}
