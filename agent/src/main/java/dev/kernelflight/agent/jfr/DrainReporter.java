package dev.kernelflight.agent.jfr;

import dev.kernelflight.agent.pump.Pump;
import dev.kernelflight.bpf.Counters;
import dev.kernelflight.events.DrainEvent;

/** Commits what the agent did since the last report. One thread at a time. */
public final class DrainReporter {
  private long records;
  private long busyNanos;
  private long filteredByKernel;
  private long filteredByAgent;

  /** Reports, from counts that only ever grow. */
  public void report(Counters[] cpus, Pump pump) {
    long recordsNow = pump.received();
    long busyNanosNow = pump.busyNanos();
    long filteredByAgentNow = pump.filtered();
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
