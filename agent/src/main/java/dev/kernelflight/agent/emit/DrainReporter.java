package dev.kernelflight.agent.emit;

import dev.kernelflight.bpf.Tracer.Counters;
import dev.kernelflight.events.DrainEvent;

/** Commits what the agent did since the last report. One thread at a time. */
public final class DrainReporter {
  private long records;
  private long busyNanos;
  private long filteredByKernel;
  private long filteredByAgent;

  /**
   * Reports, from counts that only ever grow.
   *
   * @param cpus the programs' own counts, by CPU
   */
  public void report(Counters[] cpus, long recordsNow, long busyNanosNow, long filteredByAgentNow) {
    long filteredByKernelNow = 0;
    for (Counters cpu : cpus) {
      filteredByKernelNow += cpu.filtered();
    }
    DrainEvent event = new DrainEvent();
    event.records = recordsNow - records;
    event.busyTime = busyNanosNow - busyNanos;
    event.filteredByKernel = filteredByKernelNow - filteredByKernel;
    event.filteredByAgent = filteredByAgentNow - filteredByAgent;
    event.commit();
    records = recordsNow;
    busyNanos = busyNanosNow;
    filteredByKernel = filteredByKernelNow;
    filteredByAgent = filteredByAgentNow;
  }
}
