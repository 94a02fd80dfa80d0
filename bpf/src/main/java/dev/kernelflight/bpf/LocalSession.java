package dev.kernelflight.bpf;

import static java.util.Objects.requireNonNull;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.Resource;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.program.KernelBtf;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.ring.BpfRingBuffer;
import dev.kernelflight.bpf.ring.PerfBuffers;
import dev.kernelflight.bpf.ring.Shrinking;
import dev.kernelflight.bpf.ring.Transport;
import dev.kernelflight.bpf.source.HookOrder;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.CurrentProcess.PidNamespace;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import dev.kernelflight.bpf.sys.MemoryLock;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Opens a session in this process, with its privileges: loads the object, makes maps and buffers.
 */
public final class LocalSession {
  /** How records come from the kernel. */
  public enum Buffer {
    /** Perf buffers where the kernel grants them in a useful size, else the ring buffer. */
    AUTO,
    /** Perf buffers, one a CPU. */
    PERF,
    /** The BPF ring buffer, one for all CPUs; needs Linux 5.8. */
    RING
  }

  /**
   * How to trace.
   *
   * @param attach the one kind of hook to use, or empty for the cheapest that the kernel accepts
   * @param buffer the transport
   * @param pages of each CPU's buffer, a power of two; a ring buffer has so many for every CPU
   */
  public record Options(Optional<HookKind> attach, Buffer buffer, int pages) {
    private static final int MOST_DEFAULT_PAGES = 1024;
    private static final int LEAST_DEFAULT_PAGES = 16;
    private static final long DEFAULT_BYTES = 64L << 20;
    private static final int USUAL_PAGE_BYTES = 4096;

    /**
     * A size of the buffers that loses nothing when one thread opens files as fast as it can: 1024
     * pages, or less where the buffers of that many CPUs would have more than 64 MB together.
     *
     * @param cpus that are online
     */
    public static int defaultPages(int cpus) {
      long pages = DEFAULT_BYTES / USUAL_PAGE_BYTES / Math.max(cpus, 1);
      return (int)
          Math.max(LEAST_DEFAULT_PAGES, Math.min(MOST_DEFAULT_PAGES, Long.highestOneBit(pages)));
    }
  }

  /** Which processes are traced. */
  public sealed interface Scope {
    /**
     * This one.
     *
     * @param agentThread the thread, by its kernel id, that is left out
     */
    record OwnProcess(int agentThread) implements Scope {}

    /**
     * Another one, in this process' PID namespace, or in any if that is the initial one.
     *
     * @param pid its id in this process' PID namespace
     */
    record OtherProcess(int pid) implements Scope {}

    /**
     * All but this one: those in this process' PID namespace, or in any if that is the initial one.
     */
    record AllProcesses() implements Scope {}
  }

  private static final String EVENTS = "events";
  private static final String COUNTERS = "counters";
  private static final long LARGEST_RING_BYTES = 1 << 30;

  private LocalSession() {}

  /** The object of this architecture, as committed. */
  static BpfObject loadObject(Architecture architecture)
      throws IOException, MalformedObjectException {
    String name = "kernelflight-" + architecture.kernelName() + ".bpf.o";
    return BpfObject.parse(Resource.bytes(LocalSession.class, name));
  }

  /** To trace this process but for one thread. */
  public static Session open(Options options, int agentThread, Epoll epoll)
      throws KernelException, IOException {
    return open(options, new Scope.OwnProcess(agentThread), epoll);
  }

  /**
   * Creates maps and buffers; nothing is attached yet.
   *
   * @param epoll woken when a buffer holds {@link Transport#wakeUpBytes}
   * @throws KernelException if the kernel refuses
   * @throws IOException if /proc or /sys cannot be read
   */
  public static Session open(Options options, Scope scope, Epoll epoll)
      throws KernelException, IOException {
    return open(options, Architecture.current(), HookOrder.ofThisKernel(), scope, epoll);
  }

  /** With other hooks to try. */
  static Session open(
      Options options, Architecture architecture, HookOrder hooks, Scope scope, Epoll epoll)
      throws KernelException, IOException {
    AutomaticBuffer.Opener<Session> opener =
        (kind, leastBytes, because) -> {
          Options chosen = new Options(options.attach, kind, options.pages);
          return open(chosen, leastBytes, because, architecture, hooks, scope, epoll);
        };
    return options.buffer == Buffer.AUTO
        ? AutomaticBuffer.open((long) options.pages * Mapping.pageBytes(), opener)
        : opener.open(options.buffer, Shrinking.LEAST_BYTES, "");
  }

  private static Session open(
      Options options,
      long leastBytes,
      String because,
      Architecture architecture,
      HookOrder hooks,
      Scope scope,
      Epoll epoll)
      throws KernelException, IOException {
    BpfObject parsed;
    try {
      parsed = loadObject(architecture);
    } catch (MalformedObjectException e) {
      throw new IOException("the jar is damaged: " + e.getMessage(), e);
    }
    int possibleCpus = Cpus.possible();
    if (Cpus.online().isEmpty()) {
      throw new IOException("the kernel says that no CPU is online");
    }
    LoadedObject object = createMaps(parsed, options, scope, possibleCpus);
    Transport transport = null;
    Batches batches = null;
    try {
      if (!(scope instanceof Scope.OtherProcess)) {
        try (Fd identify = object.load("identify", 0)) {
          Bpf.runOnce("identify", identify);
        }
      }
      transport =
          options.buffer == Buffer.RING
              ? BpfRingBuffer.open(object.map(EVENTS), ringBytes(options), epoll)
              : PerfBuffers.open(object.map(EVENTS), options.pages, leastBytes, epoll);
      batches = Batches.open(object, possibleCpus);
      Session session =
          new Session(object, transport, because, batches, hooks, options.attach, possibleCpus);
      if (scope instanceof Scope.OwnProcess own) {
        session.leaveOut(own.agentThread);
      }
      return session;
    } catch (Throwable e) {
      if (batches != null) {
        batches.close();
      }
      if (transport != null) {
        transport.close();
      }
      object.close();
      throw e;
    }
  }

  private static LoadedObject createMaps(
      BpfObject object, Options options, Scope scope, int possibleCpus)
      throws KernelException, IOException {
    try {
      MemoryLock.lift();
    } catch (KernelException e) {
      // only kernels before 5.11 mind, and they say so below
    }
    PidNamespace namespace = PidNamespace.current();
    Map<String, Long> constants = new HashMap<>();
    constants.put("pid_namespace_dev", namespace.device());
    constants.put("pid_namespace_ino", namespace.inode());
    constants.put("initial_pid_namespace", namespace.isInitial() ? 1L : 0L);
    switch (scope) {
      case Scope.OwnProcess own -> constants.put("scope", (long) Wire.Scope.SCOPE_SELF);
      case Scope.OtherProcess other -> {
        constants.put("scope", (long) Wire.Scope.SCOPE_PROCESS);
        constants.put("target_pid", (long) other.pid);
      }
      case Scope.AllProcesses all -> constants.put("scope", (long) Wire.Scope.SCOPE_ALL);
    }
    constants.put("compat_status_offset", KernelBtf.compatStatusOffset(Architecture.current()));
    Map<String, MapSpec> overrides = new HashMap<>();
    for (String perCpu : List.of(Batches.MAP, COUNTERS, StatisticsReader.BY_NUMBER)) {
      MapSpec declared = requireNonNull(object.maps().get(perCpu));
      overrides.put(perCpu, declared.withMaxEntries(possibleCpus * declared.maxEntries()));
    }
    if (options.buffer == Buffer.PERF) {
      MapSpec perCpu =
          new MapSpec(
              EVENTS, Bpf.MAP_TYPE_PERF_EVENT_ARRAY, Integer.BYTES, Integer.BYTES, possibleCpus, 0);
      overrides.put(EVENTS, perCpu);
      return LoadedObject.create(object, constants, overrides);
    }
    constants.put("use_ring_buffer", 1L);
    return Shrinking.open(
        ringBytes(options),
        bytes -> {
          constants.put("wakeup_bytes", Transport.wakeUpBytes(bytes));
          MapSpec ring = new MapSpec(EVENTS, Bpf.MAP_TYPE_RINGBUF, 0, 0, Math.toIntExact(bytes), 0);
          overrides.put(EVENTS, ring);
          return LoadedObject.create(object, constants, overrides);
        });
  }

  /** One ring has what the CPUs' buffers would have together, rounded up to a power of two. */
  private static long ringBytes(Options options) throws IOException {
    long bytes = (long) options.pages * Mapping.pageBytes() * Cpus.online().cardinality();
    return Math.min(Long.highestOneBit(2 * bytes - 1), LARGEST_RING_BYTES);
  }
}
