package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.program.BpfMap;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;

/** The BPF ring buffer, one for all CPUs, in the map that programs output to. */
public final class BpfRingBuffer implements Transport {
  private final Mapping consumerPage;
  private final Mapping producerPages;
  private final BpfRing ring;
  private final long wantedBytes;

  private BpfRingBuffer(Mapping consumerPage, Mapping producerPages, long wantedBytes) {
    this.consumerPage = consumerPage;
    this.producerPages = producerPages;
    this.wantedBytes = wantedBytes;
    ring = new BpfRing(consumerPage.memory(), producerPages.memory(), Mapping.pageBytes());
  }

  /**
   * Opens the ring.
   *
   * @param events a map of type BPF_MAP_TYPE_RINGBUF
   * @param wantedBytes more than the map has where memory could not be had
   */
  public static BpfRingBuffer open(BpfMap events, long wantedBytes, Epoll epoll)
      throws KernelException {
    long capacity = events.spec().maxEntries();
    int page = Mapping.pageBytes();
    Mapping consumer = Mapping.of("ring buffer position", events.fd(), 0, page, true);
    Mapping producer = null;
    try {
      producer = Mapping.of("ring buffer", events.fd(), page, page + 2 * capacity, false);
      epoll.add(events.fd());
      return new BpfRingBuffer(consumer, producer, wantedBytes);
    } catch (Throwable e) {
      if (producer != null) {
        producer.close();
      }
      consumer.close();
      throw e;
    }
  }

  @Override
  public int drain(RecordHandler handler) {
    return ring.drain(handler);
  }

  @Override
  public void followCpus() {
    // one ring serves whatever CPUs there are
  }

  @Override
  public long undecodable() {
    return ring.undecodable();
  }

  @Override
  public String description() {
    int page = Mapping.pageBytes();
    return "ring buffer of "
        + ring.capacity() / page
        + " pages"
        + (ring.capacity() < wantedBytes
            ? " (" + wantedBytes / page + " pages could not be had)"
            : "");
  }

  @Override
  public void close() {
    producerPages.close();
    consumerPage.close();
  }
}
