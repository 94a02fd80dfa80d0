package dev.kernelflight.bpf.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.kernelflight.bpf.sys.Atomics;
import java.lang.foreign.MemorySegment;

/**
 * Reads one perf buffer: a control page followed by a ring of a power of two bytes.
 *
 * <pre>
 *   control page: ... 1024 data_head (kernel writes) 1032 data_tail (we write) ...
 *   record:       0 type (u32)  4 misc (u16)  6 size of all (u16)  8 ...
 *   sample:       8 size of raw data (u32)  12 raw data
 *   lost:         8 id (u64)  16 count (u64)
 * </pre>
 *
 * Layouts are those of {@code struct perf_event_mmap_page} and {@code enum perf_event_type} in the
 * UAPI header {@code linux/perf_event.h}. Records begin at multiples of 8 bytes, so that a header
 * never wraps; one that wraps elsewhere is put together in a side buffer. PERF_RECORD_LOST is
 * skipped: the programs themselves count what they could not send, exactly and in time.
 */
final class PerfRing {
  private static final int DATA_HEAD = 1024;
  private static final int DATA_TAIL = 1032;
  private static final int RECORD_SAMPLE = 9;
  private static final int HEADER_BYTES = 8;
  private static final int RAW_OFFSET = 12;
  private static final int ALIGNMENT = 8;
  private static final int LARGEST_RECORD = 1 << 16;

  private final MemorySegment headCell;
  private final MemorySegment tailCell;
  private final MemorySegment data;
  private final long capacity;
  private final MemorySegment unwrapped = MemorySegment.ofArray(new byte[LARGEST_RECORD]);
  private long tail;
  private long undecodable;

  /**
   * @param memory the mapped buffer
   * @param controlBytes size of the control page
   */
  PerfRing(MemorySegment memory, int controlBytes) {
    headCell = memory.asSlice(DATA_HEAD, Long.BYTES);
    tailCell = memory.asSlice(DATA_TAIL, Long.BYTES);
    data = memory.asSlice(controlBytes);
    capacity = data.byteSize();
    if (Long.bitCount(capacity) != 1) {
      throw new IllegalArgumentException("not a power of two: " + capacity);
    }
    tail = Atomics.loadAcquire(tailCell);
  }

  int drain(RecordHandler handler) {
    long head = Atomics.loadAcquire(headCell);
    if (head == tail) {
      return 0;
    }
    int records = 0;
    long at = tail;
    try {
      if (head < at || head - at > capacity) {
        at = giveUpUntil(head);
      }
      while (at < head) {
        long start = at & (capacity - 1);
        int size = Short.toUnsignedInt(data.get(JAVA_SHORT, start + 6));
        if (size < HEADER_BYTES || size % ALIGNMENT != 0 || size > head - at) {
          at = giveUpUntil(head);
          break;
        }
        at += size;
        if (data.get(JAVA_INT, start) == RECORD_SAMPLE) {
          records += handOver(start, size, handler);
        }
      }
    } finally {
      tail = at;
      Atomics.storeRelease(tailCell, at);
    }
    return records;
  }

  /** Where the next record begins is unknown; the kernel's position is the only other beginning. */
  private long giveUpUntil(long head) {
    undecodable++;
    return head & -ALIGNMENT;
  }

  private int handOver(long start, int size, RecordHandler handler) {
    if (size < RAW_OFFSET) {
      undecodable++;
      return 0;
    }
    MemorySegment record = data;
    long at = start;
    if (start + size > capacity) {
      long first = capacity - start;
      MemorySegment.copy(data, start, unwrapped, 0, first);
      MemorySegment.copy(data, 0, unwrapped, first, size - first);
      record = unwrapped;
      at = 0;
    }
    int rawSize = record.get(JAVA_INT_UNALIGNED, at + HEADER_BYTES);
    if (rawSize < 0 || rawSize > size - RAW_OFFSET) {
      undecodable++;
      return 0;
    }
    handler.onRecord(record, at + RAW_OFFSET, rawSize);
    return 1;
  }

  long undecodable() {
    return undecodable;
  }
}
