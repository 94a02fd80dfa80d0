package dev.kernelflight.bpf.ring;

import java.lang.foreign.MemorySegment;

/** Takes what a program sent, or a record of it. */
@FunctionalInterface
public interface RecordHandler {
  /**
   * Takes one record, or what was sent together, valid only during the call.
   *
   * @param memory that it lies in
   * @param offset of its first byte; not aligned
   * @param length in bytes; up to 7 bytes of padding may follow what the program sent
   */
  void onRecord(MemorySegment memory, long offset, int length);
}
