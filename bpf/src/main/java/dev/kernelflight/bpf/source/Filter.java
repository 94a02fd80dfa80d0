package dev.kernelflight.bpf.source;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.abi.Wire;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * {@code struct filter} of {@code event.h}, in memory that the programs read on every run: what is
 * written here holds from the next call on. Not thread-safe.
 */
public final class Filter {
  private static final int PREFIX_BYTES = Wire.PathPrefix.VALUE_BYTES;

  private final MemorySegment memory;

  /** In memory that is mapped to both sides. */
  public Filter(MemorySegment memory) {
    this.memory = memory;
  }

  /** The thread, by its kernel id, that is never traced. */
  public void setAgentThread(int tid) {
    memory.set(JAVA_INT, Wire.Filter.AGENT_TID, tid);
  }

  /** Begins the next period of statistics; returns the one that ends. */
  public int nextPeriod() {
    return increment(Wire.Filter.PERIOD);
  }

  /** What the programs are asked for from now on, as {@code enum wanted} has the bits. */
  public void setWanted(int bits) {
    memory.set(JAVA_INT, Wire.Filter.WANTED, bits);
  }

  int increment(int offset) {
    int before = memory.get(JAVA_INT, offset);
    memory.set(JAVA_INT, offset, before + 1);
    return before;
  }

  void setLong(int offset, long value) {
    memory.set(JAVA_LONG, offset, value);
  }

  /** Paths begin with one of these; with any where there are none or too many to compare. */
  void setPrefixes(List<String> prefixes) {
    // while they change every path passes
    memory.set(JAVA_LONG, Wire.Filter.PREFIX_COUNT, 0);
    if (prefixes.size() > Wire.Filter.PREFIXES_COUNT) {
      return;
    }
    for (int i = 0; i < prefixes.size(); i++) {
      byte[] prefix = prefixes.get(i).getBytes(StandardCharsets.UTF_8);
      long at = Wire.Filter.PREFIXES + (long) i * Wire.PathPrefix.BYTES;
      for (int j = 0; j < PREFIX_BYTES; j++) {
        boolean compared = j < prefix.length;
        memory.set(JAVA_BYTE, at + Wire.PathPrefix.VALUE + j, compared ? prefix[j] : 0);
        memory.set(JAVA_BYTE, at + Wire.PathPrefix.MASK + j, (byte) (compared ? 0xff : 0));
      }
    }
    memory.set(JAVA_LONG, Wire.Filter.PREFIX_COUNT, prefixes.size());
  }
}
