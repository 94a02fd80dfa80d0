package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;

/**
 * {@code struct filter} of {@code event.h}, in memory that the programs read on every run: what is
 * written here holds from the next call on.
 */
final class Filter {
  static final int AGENT_TID = 4;
  static final int WANTED = 8;
  static final int PERIOD = 12;
  static final int OPEN_EPOCH = 16;
  static final int CALL_EPOCH = 20;
  static final int FILE_OPEN_THRESHOLD = 24;
  static final int SYSCALL_THRESHOLD = 32;
  static final int SYSCALLS = 40;
  static final int MAX_SYSCALLS = 1024;
  static final int PREFIX_COUNT = SYSCALLS + MAX_SYSCALLS / 8;
  static final int PREFIXES = PREFIX_COUNT + 8;
  static final int MOST_PREFIXES = 8;
  static final int PREFIX_BYTES = 64;
  static final int BYTES = PREFIXES + MOST_PREFIXES * 2 * PREFIX_BYTES;

  static final int WANT_FILE_OPENS = 1;
  static final int WANT_SYSCALLS = 2;
  static final int WANT_STATISTICS = 4;
  static final int WANT_STATISTICS_BY_THREAD = 8;
  static final int WANT_FAILED_OPENS_ONLY = 16;
  static final int WANT_FAILED_SYSCALLS_ONLY = 32;

  private final MemorySegment memory;

  Filter(MemorySegment memory) {
    this.memory = memory;
  }

  void setAgentThread(int tid) {
    memory.set(JAVA_INT, AGENT_TID, tid);
  }

  /** Begins the next period of statistics; returns the one that ends. */
  int nextPeriod() {
    return increment(PERIOD);
  }

  /** Opens that were entered until now have returned unseen, or will. */
  void forgetOpens() {
    increment(OPEN_EPOCH);
  }

  /** System calls that were entered until now have returned unseen, or will. */
  void forgetCalls() {
    increment(CALL_EPOCH);
  }

  private int increment(int offset) {
    int before = memory.get(JAVA_INT, offset);
    memory.set(JAVA_INT, offset, before + 1);
    return before;
  }

  /**
   * Asks the programs for something.
   *
   * @param opensByTracepoint whether file opens are seen among all system calls
   */
  void write(Wanted wanted, boolean opensByTracepoint) {
    int bits = 0;
    if (wanted.fileOpens().isPresent()) {
      Wanted.FileOpens opens = wanted.fileOpens().get();
      bits |= opensByTracepoint ? WANT_FILE_OPENS : 0;
      bits |= opens.failedOnly() ? WANT_FAILED_OPENS_ONLY : 0;
      memory.set(JAVA_LONG, FILE_OPEN_THRESHOLD, opens.thresholdNanos());
      writePrefixes(opens.prefixes());
    }
    if (wanted.syscalls().isPresent()) {
      Wanted.Syscalls syscalls = wanted.syscalls().get();
      bits |= WANT_SYSCALLS;
      bits |= syscalls.failedOnly() ? WANT_FAILED_SYSCALLS_ONLY : 0;
      memory.set(JAVA_LONG, SYSCALL_THRESHOLD, syscalls.thresholdNanos());
      writeSyscalls(syscalls.numbers());
    }
    if (wanted.statistics().isPresent()) {
      bits |= WANT_STATISTICS;
      bits |= wanted.statistics().get().byThread() ? WANT_STATISTICS_BY_THREAD : 0;
    }
    memory.set(JAVA_INT, WANTED, bits);
  }

  private void writeSyscalls(BitSet numbers) {
    long[] words = numbers.toLongArray();
    for (int i = 0; i < MAX_SYSCALLS / Long.SIZE; i++) {
      memory.set(JAVA_LONG, SYSCALLS + (long) i * Long.BYTES, i < words.length ? words[i] : 0);
    }
  }

  private void writePrefixes(List<String> prefixes) {
    // while they change every path passes
    memory.set(JAVA_LONG, PREFIX_COUNT, 0);
    if (prefixes.size() > MOST_PREFIXES) {
      return;
    }
    for (int i = 0; i < prefixes.size(); i++) {
      byte[] prefix = prefixes.get(i).getBytes(StandardCharsets.UTF_8);
      long value = PREFIXES + (long) i * 2 * PREFIX_BYTES;
      for (int j = 0; j < PREFIX_BYTES; j++) {
        boolean compared = j < prefix.length;
        memory.set(JAVA_BYTE, value + j, compared ? prefix[j] : 0);
        memory.set(JAVA_BYTE, value + PREFIX_BYTES + j, (byte) (compared ? 0xff : 0));
      }
    }
    memory.set(JAVA_LONG, PREFIX_COUNT, prefixes.size());
  }
}
