package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.abi.Wire;
import java.lang.foreign.MemorySegment;

/**
 * What happened to calls that should have become records, on one CPU since the session was opened:
 * {@code struct counters} of {@code event.h}.
 *
 * @param sent records handed to the buffer, or taken from where they waited for it
 * @param lost records that found the buffer full or missing
 * @param filtered calls that nobody wanted: too short, without error, or of another path
 * @param unpaired calls whose return was never seen
 * @param untracked calls not seen because a table was full
 * @param compat calls of the 32-bit kind, which are left out
 */
public record Counters(
    long sent, long lost, long filtered, long unpaired, long untracked, long compat) {

  Counters plus(Counters other) {
    return new Counters(
        sent + other.sent,
        lost + other.lost,
        filtered + other.filtered,
        unpaired + other.unpaired,
        untracked + other.untracked,
        compat + other.compat);
  }

  static Counters read(MemorySegment memory, long at) {
    return new Counters(
        memory.get(JAVA_LONG, at + Wire.Counters.SENT),
        memory.get(JAVA_LONG, at + Wire.Counters.LOST),
        memory.get(JAVA_LONG, at + Wire.Counters.FILTERED),
        memory.get(JAVA_LONG, at + Wire.Counters.UNPAIRED),
        memory.get(JAVA_LONG, at + Wire.Counters.UNTRACKED),
        memory.get(JAVA_LONG, at + Wire.Counters.COMPAT));
  }

  /** All that a CPU counted: {@code struct cpu_counters}, by its index in an array of them. */
  static Counters ofCpu(MemorySegment all, int cpu) {
    Counters sum = new Counters(0, 0, 0, 0, 0, 0);
    for (int kind = 0; kind < Wire.CpuCounters.OF_COUNT; kind++) {
      long at = (long) cpu * Wire.CpuCounters.BYTES + (long) kind * Wire.Counters.BYTES;
      sum = sum.plus(read(all, at + Wire.CpuCounters.OF));
    }
    return sum;
  }
}
