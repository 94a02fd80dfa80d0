package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.ring.RecordHandler;
import java.lang.foreign.MemorySegment;

/**
 * Makes records of what the programs sent together: each begins with a {@code struct event} of
 * {@code event.h}, which has the record's size. One thread at a time.
 */
final class RecordSplitter implements RecordHandler {
  private static final int HEADER_BYTES = Wire.Event.BYTES;
  static final int ALIGNMENT = 8;

  private static final RecordHandler NOBODY = (memory, offset, length) -> {};

  private RecordHandler handler = NOBODY;
  private long undecodable;

  /** Says who takes the records from now on. */
  void setHandler(RecordHandler handler) {
    this.handler = handler;
  }

  @Override
  public void onRecord(MemorySegment memory, long offset, int length) {
    long at = offset;
    long end = offset + length;
    // what is less than the alignment is the transport's padding
    while (end - at >= ALIGNMENT) {
      int size = end - at < HEADER_BYTES ? 0 : memory.get(JAVA_INT_UNALIGNED, at + Wire.Event.SIZE);
      if (size < HEADER_BYTES || size % ALIGNMENT != 0 || size > end - at) {
        // where the next one would begin is unknown
        undecodable++;
        return;
      }
      handler.onRecord(memory, at, size);
      at += size;
    }
  }

  /** Batches that could not be followed to their end, since the start. */
  long undecodable() {
    return undecodable;
  }
}
