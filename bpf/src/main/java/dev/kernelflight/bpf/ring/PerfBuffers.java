package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.program.BpfMap;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import dev.kernelflight.bpf.sys.PerfEvent;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** One perf buffer for each CPU that is online, entered into the map that programs output to. */
public final class PerfBuffers implements Transport {
  private final BpfMap events;
  private final Epoll epoll;
  private final int wantedPages;
  private final int bufferBytes;
  private final Map<Integer, CpuBuffer> buffers = new TreeMap<>();

  /** Of CPUs that went: the kernel no longer fills them, but what is in them is still drained. */
  private final List<CpuBuffer> retired = new ArrayList<>();

  /** CPUs that came while no buffer could be had for them, and why. */
  private final Map<Integer, String> unserved = new TreeMap<>();

  private PerfRing[] rings = {};
  private long undecodableOfClosed;

  private record CpuBuffer(
      Fd event, Mapping mapping, PerfRing ring, int pages, Object incarnation) {}

  private PerfBuffers(BpfMap events, Epoll epoll, int wantedPages, int bufferBytes) {
    this.events = events;
    this.epoll = epoll;
    this.wantedPages = wantedPages;
    this.bufferBytes = bufferBytes;
  }

  /**
   * Opens a buffer for each CPU. Where memory cannot be had for all of them they are made with half
   * the pages, and half again.
   *
   * @param events a map of type BPF_MAP_TYPE_PERF_EVENT_ARRAY
   * @param pages of each buffer, a power of two
   * @param leastBytes of each buffer: those that would have less are refused
   */
  public static PerfBuffers open(BpfMap events, int pages, long leastBytes, Epoll epoll)
      throws KernelException {
    return Shrinking.open(
        (long) pages * Mapping.pageBytes(),
        leastBytes,
        bytes -> {
          PerfBuffers opened = new PerfBuffers(events, epoll, pages, Math.toIntExact(bytes));
          try {
            opened.followCpus(false);
            return opened;
          } catch (Throwable e) {
            opened.close();
            throw e;
          }
        });
  }

  @Override
  public void followCpus() throws KernelException {
    // what comes late may have less than the others
    followCpus(true);
  }

  private void followCpus(boolean running) throws KernelException {
    BitSet online = Cpus.onlineNow();
    boolean changed = !retired.isEmpty();
    retired.forEach(this::closeBuffer);
    retired.clear();
    try {
      for (var entries = buffers.entrySet().iterator(); entries.hasNext(); ) {
        var entry = entries.next();
        int cpu = entry.getKey();
        CpuBuffer buffer = entry.getValue();
        // the kernel takes a CPU's events out of use when it goes, and leaves them so ever after
        if (!online.get(cpu) || !Cpus.hasStayed(cpu, buffer.incarnation)) {
          entries.remove();
          retired.add(buffer);
          changed = true;
          epoll.remove(buffer.event);
        }
      }
      for (int cpu = online.nextSetBit(0); cpu >= 0; cpu = online.nextSetBit(cpu + 1)) {
        if (!buffers.containsKey(cpu)) {
          try {
            buffers.put(cpu, openBuffer(cpu, running));
            unserved.remove(cpu);
            changed = true;
          } catch (KernelException e) {
            if (!running) {
              throw e;
            }
            // the programs count what they cannot send, and the next look tries again
            unserved.put(cpu, e.getMessage());
          }
        }
      }
      unserved.keySet().removeIf(cpu -> !online.get(cpu));
    } finally {
      if (changed) {
        rings =
            Stream.concat(retired.stream(), buffers.values().stream())
                .map(CpuBuffer::ring)
                .toArray(PerfRing[]::new);
      }
    }
  }

  private CpuBuffer openBuffer(int cpu, boolean mayShrink) throws KernelException {
    return mayShrink
        ? Shrinking.open(bufferBytes, bytes -> openBuffer(cpu, Math.toIntExact(bytes)))
        : openBuffer(cpu, bufferBytes);
  }

  private CpuBuffer openBuffer(int cpu, int bytes) throws KernelException {
    int page = Mapping.pageBytes();
    // before the event: if the CPU goes meanwhile, the next look notices
    Object incarnation = Cpus.incarnation(cpu);
    Fd event = PerfEvent.openBpfOutput(cpu, (int) Transport.wakeUpBytes(bytes));
    Mapping mapping = null;
    try {
      mapping = Mapping.of("perf buffer of CPU " + cpu, event, 0, page + (long) bytes, true);
      PerfRing ring = new PerfRing(mapping.memory(), page);
      epoll.add(event);
      events.put(cpu, event.number());
      return new CpuBuffer(event, mapping, ring, bytes / page, incarnation);
    } catch (Throwable e) {
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
        + (pages() < wantedPages ? " (" + wantedPages + " pages could not be had)" : "")
        + (unserved.isEmpty() ? "" : "; none on CPUs " + unserved);
  }

  @Override
  public void close() {
    retired.forEach(this::closeBuffer);
    retired.clear();
    buffers.values().forEach(this::closeBuffer);
    buffers.clear();
    rings = new PerfRing[0];
  }
}
