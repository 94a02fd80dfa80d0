package dev.kernelflight.agent.pump;

import dev.kernelflight.bpf.Counters;

/**
 * Tells what went missing since the last report, from counters that only ever grow. One thread at a
 * time.
 */
public final class LossReporter {
  private static final String BUFFER_FULL = "the buffer was full: enlarge it with the option pages";
  private static final String RETURN_MISSED =
      "the return of a call was not seen: too many calls were under way at once for the kretprobe"
          + " (attach=tracepoint has no such limit), or the kernel preempted an fentry program"
          + " (attach=kprobe avoids that)";
  private static final String UNTRACKED =
      "a call could not be followed: the table of threads or of statistics was full";
  private static final String COMPAT =
      "system calls of the 32-bit kind are not followed; with attach=kprobe or attach=fentry their"
          + " file opens are";
  private static final String SKIPPED =
      "the kernel skipped a program, because a thread was preempted in the middle of it, or of a"
          + " bpf(2) call, on the same CPU; so many calls at most, of whatever process";
  private static final String UNDECODABLE = "the record could not be made out";

  /** Stands for the CPU where that is not known. */
  public static final int NO_CPU = -1;

  /** Takes a loss. */
  @FunctionalInterface
  public interface Handler {
    /** So many events of a CPU, or of {@link #NO_CPU}; why, and what helps. */
    void onLoss(int cpu, long count, String reason);
  }

  private final Handler handler;

  private long[] lost = {};
  private long[] unpaired = {};
  private long[] untracked = {};
  private long[] compat = {};
  private long skipped;
  private long undecodable;

  /** Tells a handler. */
  public LossReporter(Handler handler) {
    this.handler = handler;
  }

  /**
   * Reports.
   *
   * @param cpus the programs' own counts, by CPU
   * @param skippedRuns by the kernel
   * @param undecodableRecords by the transport and the pump
   */
  public void report(Counters[] cpus, long skippedRuns, long undecodableRecords) {
    if (lost.length != cpus.length) {
      lost = new long[cpus.length];
      unpaired = new long[cpus.length];
      untracked = new long[cpus.length];
      compat = new long[cpus.length];
    }
    for (int cpu = 0; cpu < cpus.length; cpu++) {
      Counters now = cpus[cpu];
      tell(cpu, now.lost() - lost[cpu], BUFFER_FULL);
      tell(cpu, now.unpaired() - unpaired[cpu], RETURN_MISSED);
      tell(cpu, now.untracked() - untracked[cpu], UNTRACKED);
      tell(cpu, now.compat() - compat[cpu], COMPAT);
      lost[cpu] = now.lost();
      unpaired[cpu] = now.unpaired();
      untracked[cpu] = now.untracked();
      compat[cpu] = now.compat();
    }
    tell(NO_CPU, skippedRuns - skipped, SKIPPED);
    tell(NO_CPU, undecodableRecords - undecodable, UNDECODABLE);
    skipped = skippedRuns;
    undecodable = undecodableRecords;
  }

  private void tell(int cpu, long count, String reason) {
    if (count > 0) {
      handler.onLoss(cpu, count, reason);
    }
  }
}
