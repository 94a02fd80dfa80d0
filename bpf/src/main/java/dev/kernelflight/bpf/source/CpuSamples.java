package dev.kernelflight.bpf.source;

import dev.kernelflight.bpf.attach.AttachedHook;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment.Sampling;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.sys.PerfEvent;
import dev.kernelflight.bpf.sys.PerfEvent.SampleClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What CPUs do at regular moments: by the processor's cycle counter or, where there is none, by the
 * kernel's timer; less often than wanted where the kernel allows no more.
 */
public final class CpuSamples extends Source<CpuSamples.Wanted> {
  /** The one that there is. */
  public static final CpuSamples SOURCE = new CpuSamples();

  private static final String PROGRAM = "cpu_sample";

  /**
   * How often.
   *
   * @param frequency of each CPU, in Hz
   */
  public record Wanted(int frequency) {}

  private CpuSamples() {
    super("CPU samples");
  }

  @Override
  public List<Hook> hooks(HookOrder order, Wanted wanted) {
    int allowed = allowed(wanted);
    List<Hook> hooks = new ArrayList<>();
    if (allowed < wanted.frequency) {
      hooks.add(hook(SampleClock.CYCLES, wanted.frequency));
    }
    for (SampleClock clock : SampleClock.values()) {
      hooks.add(hook(clock, allowed));
    }
    return hooks;
  }

  private static Hook hook(SampleClock clock, int frequency) {
    return new Hook(
        HookKind.PERF_EVENT,
        clock + " at " + frequency + " Hz",
        List.of(new Sampling(PROGRAM, clock, frequency)));
  }

  /** As many samples a second as wanted, or as the kernel takes. */
  private static int allowed(Wanted wanted) {
    return Math.min(wanted.frequency, PerfEvent.mostSamplesPerSecond().orElse(wanted.frequency));
  }

  private static int frequency(Hook hook) {
    return hook.attachments().getFirst() instanceof Sampling sampling ? sampling.frequency() : 0;
  }

  @Override
  public Optional<String> whyNot(Hook hook, Wanted wanted) {
    int allowed = allowed(wanted);
    return frequency(hook) > allowed ? Optional.of(atMost(allowed)) : Optional.empty();
  }

  @Override
  public boolean followsThreads() {
    return false;
  }

  @Override
  public boolean isSeenBy(AttachedHook attached, Wanted wanted) {
    int frequency = frequency(attached.hook());
    return !mayImprove(attached, wanted)
        && (frequency == wanted.frequency
            || (frequency < wanted.frequency && frequency >= allowed(wanted)));
  }

  /**
   * Oftener, because the kernel allows it again, or a CPU that came after the kernel had begun to
   * allow less.
   */
  @Override
  public boolean mayImprove(AttachedHook attached, Wanted wanted) {
    int frequency = frequency(attached.hook());
    int allowed = allowed(wanted);
    return frequency < wanted.frequency
        ? allowed > frequency
        : !attached.unseenCpus().isEmpty() && allowed < frequency;
  }

  @Override
  public Optional<String> limit(AttachedHook attached, Wanted wanted) {
    int frequency = frequency(attached.hook());
    return frequency < wanted.frequency ? Optional.of(atMost(frequency)) : Optional.empty();
  }

  private static String atMost(int frequency) {
    return "the kernel takes at most "
        + frequency
        + " samples a second now (kernel.perf_event_max_sample_rate)";
  }

  @Override
  public int write(Wanted wanted, @Nullable Hook hook, Filter filter) {
    // the sampling events do it, and the programs need not be asked
    return 0;
  }
}
