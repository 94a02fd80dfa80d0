package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.attach.Hook.Attachment.Sampling;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.PerfEvent;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * A program that interrupts every CPU so many times a second, whatever runs there; which of it is
 * of interest the program decides.
 */
final class CpuSampler implements AttachedHook {
  private final Hook hook;
  private final Sampling sampling;
  private final Fd program;
  private final Map<Integer, CpuEvent> events = new HashMap<>();

  /** CPUs that came while they could not be sampled, and why. */
  private final Map<Integer, String> unsampled = new TreeMap<>();

  /** Of one time that the CPU is online: when it goes, the kernel takes the event out of use. */
  private record CpuEvent(Fd event, Object incarnation) {}

  private CpuSampler(Hook hook, Sampling sampling, Fd program) {
    this.hook = hook;
    this.sampling = sampling;
    this.program = program;
  }

  static CpuSampler attach(LoadedObject object, Hook hook, Sampling sampling)
      throws KernelException, RefusedException {
    CpuSampler sampler = new CpuSampler(hook, sampling, object.load(sampling.program(), 0));
    try {
      sampler.followCpus(false);
      return sampler;
    } catch (KernelException e) {
      sampler.close();
      // the kernel may have lowered its limit meanwhile
      OptionalInt most = PerfEvent.mostSamplesPerSecond();
      boolean mayPass = e.mayPass() || (most.isPresent() && most.getAsInt() < sampling.frequency());
      throw new RefusedException(
          new Refusal(hook, e.getMessage(), e.isPermission(), mayPass, Optional.of(e)));
    } catch (Throwable e) {
      sampler.close();
      throw e;
    }
  }

  @Override
  public Hook hook() {
    return hook;
  }

  @Override
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
          Fd event = PerfEvent.openSampling(sampling.clock(), cpu, sampling.frequency(), program);
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

  @Override
  public Map<Integer, String> unseenCpus() {
    return Collections.unmodifiableMap(unsampled);
  }

  @Override
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
