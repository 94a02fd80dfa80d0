package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.program.BpfMap;
import dev.kernelflight.bpf.sys.Atomics;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import java.lang.foreign.MemorySegment;

/**
 * Reads the BPF ring buffer, one for all CPUs: a page that we write (consumer position), a page
 * that the kernel writes (producer position), then the data, mapped twice in a row so that no
 * record ever wraps.
 *
 * <pre>
 *   record: 0 length and flags (u32: bit 31 being written, bit 30 discarded)  4 (u32)  8 data
 * </pre>
 *
 * The layout is that of {@code kernel/bpf/ringbuf.c}, part of its documented interface to user
 * space.
 */
public final class BpfRingBuffer implements Transport {
  private static final int BUSY = 1 << 31;
  private static final int DISCARDED = 1 << 30;
  private static final int HEADER_BYTES = 8;

  private final Mapping consumerPage;
  private final Mapping producerPages;
  private final MemorySegment consumerCell;
  private final MemorySegment producerCell;
  private final MemorySegment data;
  private final long capacity;
  private long consumed;
  private long undecodable;

  private BpfRingBuffer(Mapping consumerPage, Mapping producerPages, long capacity) {
    this.consumerPage = consumerPage;
    this.producerPages = producerPages;
    this.capacity = capacity;
    consumerCell = consumerPage.memory().asSlice(0, Long.BYTES);
    producerCell = producerPages.memory().asSlice(0, Long.BYTES);
    data = producerPages.memory().asSlice(Mapping.pageBytes());
    consumed = Atomics.loadAcquire(consumerCell);
  }

  /**
   * Opens the ring.
   *
   * @param events a map of type BPF_MAP_TYPE_RINGBUF
   */
  public static BpfRingBuffer open(BpfMap events, Epoll epoll) throws KernelException {
    long capacity = events.spec().maxEntries();
    int page = Mapping.pageBytes();
    Mapping consumer = Mapping.of("ring buffer position", events.fd(), 0, page, true);
    Mapping producer = null;
    try {
      producer = Mapping.of("ring buffer", events.fd(), page, page + 2 * capacity, false);
      epoll.add(events.fd());
      return new BpfRingBuffer(consumer, producer, capacity);
    } catch (KernelException | RuntimeException e) {
      if (producer != null) {
        producer.close();
      }
      consumer.close();
      throw e;
    }
  }

  @Override
  public int drain(RecordHandler handler) {
    long produced = Atomics.loadAcquire(producerCell);
    if (produced == consumed) {
      return 0;
    }
    int records = 0;
    try {
      while (consumed < produced) {
        long start = consumed & (capacity - 1);
        int header = Atomics.loadAcquireInt(data.asSlice(start, Integer.BYTES));
        if ((header & BUSY) != 0) {
          break;
        }
        int length = header & ~(BUSY | DISCARDED);
        long size = (length + HEADER_BYTES + 7L) & ~7L;
        if (size > produced - consumed) {
          undecodable++;
          consumed = produced;
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

  @Override
  public void followCpus() {
    // one ring serves whatever CPUs there are
  }

  @Override
  public long undecodable() {
    return undecodable;
  }

  @Override
  public String description() {
    return "ring buffer of " + capacity / Mapping.pageBytes() + " pages";
  }

  @Override
  public void close() {
    producerPages.close();
    consumerPage.close();
  }
}
