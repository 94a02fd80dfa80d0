package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.PerfEvent;
import dev.kernelflight.bpf.sys.PerfEvent.SampleClock;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A program that interrupts every CPU so many times a second, whatever runs there; which of it is
 * of interest the program decides. Closing it detaches it. One thread at a time.
 */
public final class CpuSampler implements AutoCloseable {
  private static final String PROGRAM = "cpu_sample";

  private final Fd program;
  private final SampleClock clock;
  private final int wanted;
  private final int frequency;
  private final List<Refusal> refusals;
  private final Map<Integer, CpuEvent> events = new HashMap<>();

  /** CPUs that came while they could not be sampled, and why. */
  private final Map<Integer, String> unsampled = new TreeMap<>();

  /** Of one time that the CPU is online: when it goes, the kernel takes the event out of use. */
  private record CpuEvent(Fd event, Object incarnation) {}

  private CpuSampler(
      Fd program, SampleClock clock, int wanted, int frequency, List<Refusal> refusals) {
    this.program = program;
    this.clock = clock;
    this.wanted = wanted;
    this.frequency = frequency;
    this.refusals = List.copyOf(refusals);
  }

  /**
   * Begins to sample, by the processor's cycle counter or, where there is none, by the kernel's
   * timer; less often than wanted where the kernel allows no more.
   *
   * @param what is to be seen, in words, for the message of a failure
   * @param wanted samples a second of each CPU, in Hz
   * @throws NoHookException with the reasons, if the kernel accepts neither
   */
  public static CpuSampler attach(LoadedObject object, String what, int wanted)
      throws NoHookException {
    int frequency = allowed(wanted);
    List<Refusal> refusals = new ArrayList<>();
    if (frequency < wanted) {
      refusals.add(new Refusal(hook(SampleClock.CYCLES, wanted), atMost(frequency), false));
    }
    for (SampleClock clock : SampleClock.values()) {
      try {
        return attach(object, clock, wanted, frequency, refusals);
      } catch (KernelException e) {
        // the kernel may have lowered its limit meanwhile
        boolean mayPass = e.mayPass() || allowed(wanted) < frequency;
        refusals.add(
            new Refusal(
                hook(clock, frequency), e.getMessage(), e.isPermission(), mayPass, Optional.of(e)));
      }
    }
    throw new NoHookException(what, refusals);
  }

  private static CpuSampler attach(
      LoadedObject object, SampleClock clock, int wanted, int frequency, List<Refusal> refusals)
      throws KernelException {
    CpuSampler sampler =
        new CpuSampler(object.load(PROGRAM, 0), clock, wanted, frequency, refusals);
    try {
      sampler.followCpus(false);
      return sampler;
    } catch (Throwable e) {
      sampler.close();
      throw e;
    }
  }

  /** As many samples a second as wanted, or as the kernel takes. */
  private static int allowed(int wanted) {
    return Math.min(wanted, PerfEvent.mostSamplesPerSecond().orElse(wanted));
  }

  /**
   * Whether attaching anew would sample more of what is wanted: oftener, because the kernel allows
   * it again, or a CPU that came after the kernel had begun to allow less.
   */
  public boolean mayImprove() {
    if (frequency < wanted) {
      return allowed(wanted) > frequency;
    }
    return !unsampled.isEmpty() && allowed(wanted) < frequency;
  }

  private static Hook hook(SampleClock clock, int frequency) {
    return new Hook(HookKind.PERF_EVENT, clock + " at " + frequency + " Hz", List.of());
  }

  /** Which clock it is. */
  public Hook hook() {
    return hook(clock, frequency);
  }

  /** Why it is not the other one. */
  public List<Refusal> refusals() {
    return refusals;
  }

  /** The samples a second of each CPU that it was asked for, in Hz. */
  public int wanted() {
    return wanted;
  }

  /** Follows CPUs that went or came online since the last call; cheap when none did. */
  public void followCpus() throws KernelException {
    followCpus(true);
  }

  private void followCpus(boolean running) throws KernelException {
    BitSet online = Cpus.onlineNow();
    for (var entries = events.entrySet().iterator(); entries.hasNext(); ) {
      var entry = entries.next();
      int cpu = entry.getKey();
      if (!online.get(cpu) || !Cpus.hasStayed(cpu, entry.getValue().incarnation)) {
        entry.getValue().event.close();
        entries.remove();
      }
    }
    for (int cpu = online.nextSetBit(0); cpu >= 0; cpu = online.nextSetBit(cpu + 1)) {
      if (!events.containsKey(cpu)) {
        try {
          Object incarnation = Cpus.incarnation(cpu);
          Fd event = PerfEvent.openSampling(clock, cpu, frequency, program);
          events.put(cpu, new CpuEvent(event, incarnation));
          unsampled.remove(cpu);
        } catch (KernelException e) {
          if (!running) {
            throw e;
          }
          // the other CPUs are sampled all the same, and the next look tries again
          unsampled.put(cpu, e.getMessage());
        }
      }
    }
    unsampled.keySet().removeIf(cpu -> !online.get(cpu));
  }

  /** CPUs that should be sampled and are not, and why. */
  public Map<Integer, String> unsampled() {
    return Collections.unmodifiableMap(unsampled);
  }

  /** Why it samples less often than wanted, if it does. */
  public Optional<String> limit() {
    return frequency < wanted ? Optional.of(atMost(frequency)) : Optional.empty();
  }

  private static String atMost(int frequency) {
    return "the kernel takes at most "
        + frequency
        + " samples a second now (kernel.perf_event_max_sample_rate)";
  }

  /** How often the kernel skipped the program because it was interrupted by itself. */
  public long skippedRuns() throws KernelException {
    return Bpf.recursionMisses(program);
  }

  @Override
  public void close() {
    events.values().forEach(cpu -> cpu.event.close());
    events.clear();
    program.close();
  }
}
