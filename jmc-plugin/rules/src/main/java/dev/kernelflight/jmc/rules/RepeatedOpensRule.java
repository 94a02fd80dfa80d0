package dev.kernelflight.jmc.rules;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/** The same file opened again and again. */
public final class RepeatedOpensRule extends KernelRule {
  /** Opens of one file in ten seconds. */
  public static final TypedPreference<IQuantity> LIMIT =
      numberLimit(
          "dev.kernelflight.repeatedOpens.limit",
          "Opens of one file in 10 s",
          "How many opens of the same file within 10 seconds are worth a warning",
          1_000);

  private static final int NAMED = 5;

  /** Made by Mission Control. */
  public RepeatedOpensRule() {
    super(
        "KernelRepeatedOpens",
        "Files Opened Again and Again",
        Topics.FILE_OPENS,
        List.of(LIMIT),
        KernelEvents.FILE_OPEN);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    Map<String, Tally> files = new HashMap<>();
    KernelEvents.of(items, KernelEvents.FILE_OPEN)
        .filter(open -> KernelEvents.get(open, KernelEvents.ERRNO) == null)
        .forEach(open -> files.computeIfAbsent(KernelEvents.path(open), Tally::new).add(open));
    List<Tally> worst = Tally.top(files, Tally.BY_BUSIEST, NAMED);
    if (worst.isEmpty()) {
      return Finding.fine(0, "No file was opened.");
    }
    Tally first = worst.get(0);
    double limit = limits.get(LIMIT);
    double score = score(first.busiest(), limit);
    String summary =
        "%s was opened %s times, %s of them within %d s."
            .formatted(
                first.key(), count(first.count()), count(first.busiest()), Tally.WINDOW_SECONDS);
    if (!isNotable(score)) {
      return Finding.fine(score, "No file is opened all the time. " + summary);
    }
    return new Finding(
        score,
        summary,
        "Each open is several system calls (open, fstat, read, close) and a look-up of every directory"
            + " in the path, for a content that as a rule is the same as before.",
        "Read the file once and keep what is in it, or keep the file open. Where it may change, look at"
            + " its time of modification first, or watch it (java.nio.file.WatchService).",
        worst.stream()
            .filter(file -> isNotable(score(file.busiest(), limit)))
            .map(file ->
                "%s: %s opens, together %s, by %s%s"
                    .formatted(
                        file.key(),
                        count(file.count()),
                        time(file.total()),
                        file.threads(),
                        Callers.of(KernelEvents.opensOf(file.key(), items), items)))
            .toList());
  }
}
