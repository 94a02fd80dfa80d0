package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.program.BpfMap;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import dev.kernelflight.bpf.sys.PerfEvent;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/** One perf buffer for each CPU that is online, entered into the map that programs output to. */
public final class PerfBuffers implements Transport {
  private final BpfMap events;
  private final Epoll epoll;
  private final int wantedPages;
  private final Map<Integer, CpuBuffer> buffers = new TreeMap<>();
  private PerfRing[] rings = {};
  private long undecodableOfClosed;

  private record CpuBuffer(Fd event, Mapping mapping, PerfRing ring, int pages) {}

  private PerfBuffers(BpfMap events, Epoll epoll, int wantedPages) {
    this.events = events;
    this.epoll = epoll;
    this.wantedPages = wantedPages;
  }

  /**
   * Opens a buffer for each CPU. Where memory cannot be had a buffer is made with half the pages,
   * and half again, down to {@link Shrinking#LEAST_BYTES}.
   *
   * @param events a map of type BPF_MAP_TYPE_PERF_EVENT_ARRAY
   * @param pages of each buffer, a power of two
   */
  public static PerfBuffers open(BpfMap events, int pages, Epoll epoll) throws KernelException {
    PerfBuffers opened = new PerfBuffers(events, epoll, pages);
    try {
      opened.followCpus();
      return opened;
    } catch (KernelException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  @Override
  public void followCpus() throws KernelException {
    BitSet online = Cpus.onlineNow();
    boolean changed = false;
    // what an offline CPU left in its buffer is drained before the next call closes it
    for (var entries = buffers.entrySet().iterator(); entries.hasNext(); ) {
      var entry = entries.next();
      if (!online.get(entry.getKey())) {
        closeBuffer(entry.getValue());
        entries.remove();
        changed = true;
      }
    }
    for (int cpu = online.nextSetBit(0); cpu >= 0; cpu = online.nextSetBit(cpu + 1)) {
      if (!buffers.containsKey(cpu)) {
        buffers.put(cpu, openBuffer(cpu));
        changed = true;
      }
    }
    if (changed) {
      rings = buffers.values().stream().map(CpuBuffer::ring).toArray(PerfRing[]::new);
    }
  }

  private CpuBuffer openBuffer(int cpu) throws KernelException {
    long wanted = (long) wantedPages * Mapping.pageBytes();
    return Shrinking.open(wanted, bytes -> openBuffer(cpu, Math.toIntExact(bytes)));
  }

  private CpuBuffer openBuffer(int cpu, int bytes) throws KernelException {
    int page = Mapping.pageBytes();
    Fd event = PerfEvent.openBpfOutput(cpu, (int) Transport.wakeUpBytes(bytes));
    Mapping mapping = null;
    try {
      mapping = Mapping.of("perf buffer of CPU " + cpu, event, 0, page + (long) bytes, true);
      PerfRing ring = new PerfRing(mapping.memory(), page);
      epoll.add(event);
      events.put(cpu, event.number());
      return new CpuBuffer(event, mapping, ring, bytes / page);
    } catch (KernelException | RuntimeException e) {
      if (mapping != null) {
        mapping.close();
      }
      event.close();
      throw e;
    }
  }

  private void closeBuffer(CpuBuffer buffer) {
    undecodableOfClosed += buffer.ring.undecodable();
    buffer.mapping.close();
    buffer.event.close();
  }

  @Override
  public int drain(RecordHandler handler) {
    int records = 0;
    for (PerfRing ring : rings) {
      records += ring.drain(handler);
    }
    return records;
  }

  @Override
  public long undecodable() {
    long sum = undecodableOfClosed;
    for (PerfRing ring : rings) {
      sum += ring.undecodable();
    }
    return sum;
  }

  /** The pages of the smallest buffer, less than wanted where memory could not be had. */
  public int pages() {
    return buffers.values().stream().mapToInt(CpuBuffer::pages).min().orElse(wantedPages);
  }

  @Override
  public String description() {
    return "perf buffers of "
        + pages()
        + " pages on "
        + buffers.size()
        + " CPUs"
        + (pages() < wantedPages ? " (" + wantedPages + " pages could not be had)" : "");
  }

  @Override
  public void close() {
    buffers.values().forEach(this::closeBuffer);
    buffers.clear();
    rings = new PerfRing[0];
  }
}
