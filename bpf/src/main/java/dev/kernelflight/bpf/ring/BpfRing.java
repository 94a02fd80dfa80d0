package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.sys.Atomics;
import java.lang.foreign.MemorySegment;

/**
 * Reads the memory of a BPF ring buffer: a page that we write (consumer position), a page that the
 * kernel writes (producer position), then the data, mapped twice in a row so that no record ever
 * wraps.
 *
 * <pre>
 *   record: 0 length and flags (u32: bit 31 being written, bit 30 discarded)  4 (u32)  8 data
 * </pre>
 *
 * The layout is that of {@code kernel/bpf/ringbuf.c}, part of its documented interface to user
 * space. Positions count bytes since the ring was made and never wrap.
 */
final class BpfRing {
  private static final int BUSY = 1 << 31;
  private static final int DISCARDED = 1 << 30;
  private static final int HEADER_BYTES = 8;
  private static final long ALIGNMENT = 8;

  private final MemorySegment consumerCell;
  private final MemorySegment producerCell;
  private final MemorySegment data;
  private final long capacity;
  private long consumed;
  private long undecodable;

  /**
   * @param consumerPage the page that we write
   * @param producerPages the page that the kernel writes, and twice the data
   * @param pageBytes the size of a page
   */
  BpfRing(MemorySegment consumerPage, MemorySegment producerPages, int pageBytes) {
    consumerCell = consumerPage.asSlice(0, Long.BYTES);
    producerCell = producerPages.asSlice(0, Long.BYTES);
    data = producerPages.asSlice(pageBytes);
    capacity = data.byteSize() / 2;
    if (Long.bitCount(capacity) != 1) {
      throw new IllegalArgumentException("not a power of two: " + capacity);
    }
    consumed = Atomics.loadAcquire(consumerCell);
  }

  int drain(RecordHandler handler) {
    long produced = Atomics.loadAcquire(producerCell);
    if (produced == consumed) {
      return 0;
    }
    int records = 0;
    try {
      if (produced < consumed || produced - consumed > capacity) {
        giveUpUntil(produced);
      }
      while (consumed < produced) {
        long start = consumed & (capacity - 1);
        int header = Atomics.loadAcquireInt(data.asSlice(start, Integer.BYTES));
        if ((header & BUSY) != 0) {
          break;
        }
        int length = header & ~(BUSY | DISCARDED);
        long size = (length + HEADER_BYTES + ALIGNMENT - 1) & -ALIGNMENT;
        if (size > produced - consumed) {
          giveUpUntil(produced);
          break;
        }
        consumed += size;
        if ((header & DISCARDED) == 0) {
          handler.onRecord(data, start + HEADER_BYTES, length);
          records++;
        }
      }
    } finally {
      Atomics.storeRelease(consumerCell, consumed);
    }
    return records;
  }

  /** Where the next record begins is unknown; the kernel's position is the only other beginning. */
  private void giveUpUntil(long produced) {
    undecodable++;
    consumed = produced & -ALIGNMENT;
  }

  long capacity() {
    return capacity;
  }

  long undecodable() {
    return undecodable;
  }
}
