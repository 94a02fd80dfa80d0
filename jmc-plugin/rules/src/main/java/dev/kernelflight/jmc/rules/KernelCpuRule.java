package dev.kernelflight.jmc.rules;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/** Processor time that is spent in the kernel, by its samples. */
public final class KernelCpuRule extends KernelRule {
  /** Samples in the kernel by all samples. */
  public static final TypedPreference<IQuantity> LIMIT =
      percentLimit(
          "dev.kernelflight.kernelCpu.limit",
          "Processor time in the kernel",
          "Which part of the process's time on the processor may be spent in the kernel before that is"
              + " worth a warning",
          60);

  private static final IAttribute<String> MODE = KernelEvents.text("mode");
  private static final IAttribute<String> FUNCTION = KernelEvents.text("kernelFunction");
  private static final String KERNEL = "kernel";
  private static final int FEW = 50;
  private static final int NAMED = 5;

  /** Made by Mission Control. */
  public KernelCpuRule() {
    super(
        "KernelCpu",
        "Processor Time in the Kernel",
        Topics.CPU_SAMPLES,
        List.of(LIMIT),
        KernelEvents.CPU_SAMPLE);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    List<IItem> samples = KernelEvents.of(items, KernelEvents.CPU_SAMPLE).toList();
    if (samples.size() < FEW) {
      return null;
    }
    Map<String, Tally> functions = new HashMap<>();
    samples.stream()
        .filter(sample -> KERNEL.equals(KernelEvents.get(sample, MODE)))
        .forEach(sample -> {
          String function = KernelEvents.get(sample, FUNCTION);
          functions
              .computeIfAbsent(function == null ? "(unknown)" : function, Tally::new)
              .add(sample);
        });
    long inKernel = functions.values().stream().mapToLong(Tally::count).sum();
    double percent = 100.0 * inKernel / samples.size();
    double score = score(percent, limits.get(LIMIT));
    if (!isNotable(score)) {
      return Finding.fine(
          score, "%s of the processor time was spent in the kernel.".formatted(percent(percent)));
    }
    List<Tally> worst = Tally.top(functions, Comparator.comparingLong(Tally::count), NAMED);
    return new Finding(
        score,
        "%s of the processor time was spent in the kernel, most of it in %s."
            .formatted(percent(percent), worst.get(0).key()),
        "The application asks the kernel for more than it works itself: many system calls, page faults,"
            + " or copying to and from sockets and files.",
        "Look at the stacks on the page CPU Samples, and at which calls there are so many of on the page"
            + " Statistics.",
        worst.stream()
            .map(function ->
                "%s: %s of %s samples, by %s"
                    .formatted(
                        function.key(),
                        count(function.count()),
                        count(samples.size()),
                        function.threads()))
            .toList());
  }
}
