package dev.kernelflight.bpf.ring;

import java.lang.foreign.MemorySegment;

/** Takes records as a program sent them. */
@FunctionalInterface
public interface RecordHandler {
  /**
   * Takes one record, valid only during the call.
   *
   * @param memory that the record lies in
   * @param offset of its first byte; not aligned
   * @param length in bytes; up to 7 bytes of padding may follow what the program sent
   */
  void onRecord(MemorySegment memory, long offset, int length);
}
