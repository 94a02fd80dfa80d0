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
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A program that interrupts every CPU so many times a second, whatever runs there; which of it is
 * of interest the program decides. Closing it detaches it. One thread at a time.
 */
public final class CpuSampler implements AutoCloseable {
  private static final String PROGRAM = "cpu_sample";

  private final Fd program;
  private final SampleClock clock;
  private final int frequency;
  private final List<Refusal> refusals;
  private final Map<Integer, CpuEvent> events = new HashMap<>();

  /** Of one time that the CPU is online: when it goes, the kernel takes the event out of use. */
  private record CpuEvent(Fd event, Object incarnation) {}

  private CpuSampler(Fd program, SampleClock clock, int frequency, List<Refusal> refusals) {
    this.program = program;
    this.clock = clock;
    this.frequency = frequency;
    this.refusals = List.copyOf(refusals);
  }

  /**
   * Begins to sample, by the processor's cycle counter or, where there is none, by the kernel's
   * timer.
   *
   * @param what is to be seen, in words, for the message of a failure
   * @param frequency samples a second of each CPU, in Hz
   * @throws NoHookException with the reasons, if the kernel accepts neither
   */
  public static CpuSampler attach(LoadedObject object, String what, int frequency)
      throws NoHookException {
    List<Refusal> refusals = new ArrayList<>();
    for (SampleClock clock : SampleClock.values()) {
      CpuSampler sampler = null;
      try {
        sampler = new CpuSampler(object.load(PROGRAM, 0), clock, frequency, refusals);
        sampler.followCpus();
        return sampler;
      } catch (KernelException e) {
        if (sampler != null) {
          sampler.close();
        }
        refusals.add(Refusal.of(hook(clock, frequency), e));
      }
    }
    throw new NoHookException(what, refusals);
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

  /** Samples a second of each CPU. */
  public int frequency() {
    return frequency;
  }

  /** Follows CPUs that went or came online since the last call; cheap when none did. */
  public void followCpus() throws KernelException {
    BitSet online = Cpus.onlineNow();
    for (var entries = events.entrySet().iterator(); entries.hasNext(); ) {
      var entry = entries.next();
      int cpu = entry.getKey();
      if (!online.get(cpu) || !entry.getValue().incarnation.equals(Cpus.incarnation(cpu))) {
        entry.getValue().event.close();
        entries.remove();
      }
    }
    for (int cpu = online.nextSetBit(0); cpu >= 0; cpu = online.nextSetBit(cpu + 1)) {
      if (!events.containsKey(cpu)) {
        Object incarnation = Cpus.incarnation(cpu);
        events.put(
            cpu, new CpuEvent(PerfEvent.openSampling(clock, cpu, frequency, program), incarnation));
      }
    }
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
