package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.AttachedHook;
import dev.kernelflight.bpf.attach.Attacher;
import dev.kernelflight.bpf.attach.FileOpenHooks;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment.RawTracepoint;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.ring.BpfRingBuffer;
import dev.kernelflight.bpf.ring.PerfBuffers;
import dev.kernelflight.bpf.ring.Shrinking;
import dev.kernelflight.bpf.ring.Transport;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.CurrentProcess.PidNamespace;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import dev.kernelflight.bpf.sys.MemoryLock;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Traces this process: owns the maps, programs, hooks and buffers from {@link #open} to {@link
 * #close}. No probe is attached before and none is left after.
 *
 * <p>Not thread-safe: one thread at a time, guarded by its owner.
 */
public final class Tracer implements AutoCloseable {
  /** How records come from the kernel. */
  public enum Buffer {
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
  public record Options(Optional<HookKind> attach, Buffer buffer, int pages) {}

  /**
   * What happened to calls that should have become records, on one CPU since the tracer was opened.
   * The layout is {@code struct counters} of {@code event.h}.
   *
   * @param sent records handed to the buffer
   * @param lost records that found the buffer full or missing
   * @param belowThreshold calls that were too short to be wanted
   * @param unpaired calls whose return was never seen
   * @param untracked calls not seen because the table of threads was full
   */
  public record Counters(long sent, long lost, long belowThreshold, long unpaired, long untracked) {
    static final int BYTES = 5 * Long.BYTES;

    static Counters read(MemorySegment memory, long at) {
      return new Counters(
          memory.get(JAVA_LONG, at),
          memory.get(JAVA_LONG, at + 8),
          memory.get(JAVA_LONG, at + 16),
          memory.get(JAVA_LONG, at + 24),
          memory.get(JAVA_LONG, at + 32));
    }
  }

  /** {@code struct filter} of {@code event.h}. */
  static final int FILTER_AGENT_TID = 4;

  /** Likewise. */
  static final int FILTER_FILE_OPEN_THRESHOLD = 8;

  private static final String EVENTS = "events";
  private static final long LARGEST_RING_BYTES = 1 << 30;

  private static final Hook THREAD_EXIT =
      new Hook(
          HookKind.TRACEPOINT,
          "sched_process_exit",
          List.of(new RawTracepoint("thread_exit", "sched_process_exit")));

  private final Arena arena = Arena.ofShared();
  private final LoadedObject object;
  private final Transport transport;
  private final AttachedHook fileOpens;
  private final int possibleCpus;
  private final MemorySegment filter;
  private final MemorySegment counterMemory;

  /** Everything above and more, in the order of its opening. */
  private final Deque<AutoCloseable> owned;

  private Tracer(
      LoadedObject object,
      Transport transport,
      AttachedHook fileOpens,
      int possibleCpus,
      Deque<AutoCloseable> owned) {
    this.object = object;
    this.transport = transport;
    this.fileOpens = fileOpens;
    this.possibleCpus = possibleCpus;
    this.owned = owned;
    filter = object.variable("filter");
    counterMemory = arena.allocate((long) possibleCpus * Counters.BYTES, 8);
  }

  /** The object of this architecture, as committed. */
  static BpfObject loadObject(Architecture architecture)
      throws IOException, MalformedObjectException {
    String name = "kernelflight-" + architecture.kernelName() + ".bpf.o";
    try (InputStream in = Tracer.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is missing from the jar");
      }
      return BpfObject.parse(in.readAllBytes());
    }
  }

  /**
   * Creates maps and buffers, and attaches file opens.
   *
   * @param agentThread the thread, by its kernel id, that is never traced
   * @param epoll woken when a buffer is half full
   * @throws NoHookException if the kernel accepts no hook
   * @throws KernelException if it refuses anything else
   * @throws IOException if /proc or /sys cannot be read
   */
  public static Tracer open(Options options, int agentThread, Epoll epoll)
      throws NoHookException, KernelException, IOException {
    Architecture architecture = Architecture.current();
    BpfObject parsed;
    try {
      parsed = loadObject(architecture);
    } catch (MalformedObjectException e) {
      throw new IOException("the jar is damaged: " + e.getMessage(), e);
    }
    int possibleCpus = Cpus.possible();
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    try {
      LoadedObject object = createMaps(parsed, options);
      opened.push(object);
      try (Fd identify = object.load("identify", 0)) {
        Bpf.runOnce("identify", identify);
      }
      object.variable("filter").set(JAVA_INT, FILTER_AGENT_TID, agentThread);
      Transport transport =
          options.buffer == Buffer.RING
              ? BpfRingBuffer.open(object.map(EVENTS), ringBytes(options), epoll)
              : PerfBuffers.open(object.map(EVENTS), options.pages, epoll);
      opened.push(transport);
      Attacher attacher = new Attacher(object);
      AttachedHook threadExits = attacher.attachFirst(List.of(THREAD_EXIT));
      opened.push(threadExits);
      AttachedHook fileOpens = attacher.attachFirst(fileOpenHooks(architecture, options.attach));
      opened.push(fileOpens);
      Tracer tracer = new Tracer(object, transport, fileOpens, possibleCpus, opened);
      opened = new ArrayDeque<>();
      return tracer;
    } finally {
      closeAll(opened);
    }
  }

  private static List<Hook> fileOpenHooks(Architecture architecture, Optional<HookKind> wanted) {
    return FileOpenHooks.inOrder(architecture, KernelNames.ofThisMachine()).stream()
        .filter(hook -> wanted.isEmpty() || wanted.get() == hook.kind())
        .toList();
  }

  private static LoadedObject createMaps(BpfObject object, Options options)
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
    if (options.buffer == Buffer.PERF) {
      MapSpec perCpu =
          new MapSpec(
              EVENTS, Bpf.MAP_TYPE_PERF_EVENT_ARRAY, Integer.BYTES, Integer.BYTES, Cpus.possible());
      return LoadedObject.create(object, constants, Map.of(EVENTS, perCpu));
    }
    constants.put("use_ring_buffer", 1L);
    return Shrinking.open(
        ringBytes(options),
        bytes -> {
          constants.put("wakeup_bytes", bytes / 2);
          MapSpec ring = new MapSpec(EVENTS, Bpf.MAP_TYPE_RINGBUF, 0, 0, Math.toIntExact(bytes));
          return LoadedObject.create(object, constants, Map.of(EVENTS, ring));
        });
  }

  /** One ring has what the CPUs' buffers would have together, rounded up to a power of two. */
  private static long ringBytes(Options options) throws IOException {
    long bytes = (long) options.pages * Mapping.pageBytes() * Cpus.online().cardinality();
    return Math.min(Long.highestOneBit(2 * bytes - 1), LARGEST_RING_BYTES);
  }

  /** The buffers; they stay the tracer's. */
  public Transport transport() {
    return transport;
  }

  /** What file opens are seen by. */
  public AttachedHook fileOpens() {
    return fileOpens;
  }

  /** Opens that take less time are not sent from now on. */
  public void setFileOpenThreshold(long nanos) {
    filter.set(JAVA_LONG, FILTER_FILE_OPEN_THRESHOLD, nanos);
  }

  /** The counts of every possible CPU, by its number. */
  public Counters[] counters() throws KernelException {
    object.map("counters").read(0, counterMemory);
    Counters[] all = new Counters[possibleCpus];
    for (int cpu = 0; cpu < possibleCpus; cpu++) {
      all[cpu] = Counters.read(counterMemory, (long) cpu * Counters.BYTES);
    }
    return all;
  }

  @Override
  public void close() {
    closeAll(owned);
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static void closeAll(Deque<AutoCloseable> owned) {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("closing descriptors and mappings cannot fail", e);
      }
    }
  }
}
