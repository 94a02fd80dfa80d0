package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.Resource;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.HookOrder;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.program.KernelBtf;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.ring.BpfRingBuffer;
import dev.kernelflight.bpf.ring.PerfBuffers;
import dev.kernelflight.bpf.ring.RecordHandler;
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
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Traces this process, or others: owns the maps, programs, hooks and buffers from {@link #open} to
 * {@link #close}. Probes are attached while {@link #follow} was last asked for what they see.
 *
 * <p>Not thread-safe: one thread at a time, guarded by its owner.
 */
public final class Tracer implements AutoCloseable {
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

  /**
   * What happened to calls that should have become records, on one CPU since the tracer was opened.
   * The layout is {@code struct counters} of {@code event.h}.
   *
   * @param sent records handed to the buffer, or taken from where they waited for it
   * @param lost records that found the buffer full or missing
   * @param filtered calls that nobody wanted: too short, without error, or of another path
   * @param unpaired calls whose return was never seen
   * @param untracked calls not seen because a table was full
   * @param compat calls of the 32-bit kind, which are left out
   */
  public record Counters(
      long sent, long lost, long filtered, long unpaired, long untracked, long compat) {
    static final int BYTES = 6 * Long.BYTES;

    /** {@code enum counters_of}: so many of them has each CPU, in {@code struct cpu_counters}. */
    static final int KINDS = 3;

    static final int CPU_BYTES = 192;

    private Counters plus(Counters other) {
      return new Counters(
          sent + other.sent,
          lost + other.lost,
          filtered + other.filtered,
          unpaired + other.unpaired,
          untracked + other.untracked,
          compat + other.compat);
    }

    static Counters read(MemorySegment memory, long at) {
      return new Counters(
          memory.get(JAVA_LONG, at),
          memory.get(JAVA_LONG, at + 8),
          memory.get(JAVA_LONG, at + 16),
          memory.get(JAVA_LONG, at + 24),
          memory.get(JAVA_LONG, at + 32),
          memory.get(JAVA_LONG, at + 40));
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

  /** What a {@link NoHookException} is about where file opens cannot be seen. */
  public static final String FILE_OPENS = "file opens";

  /** The same where system calls cannot be seen. */
  public static final String SYSCALLS = "system calls";

  /** The same where CPUs cannot be sampled. */
  public static final String CPU_SAMPLES = "CPU samples";

  private static final String EVENTS = "events";
  private static final String COUNTERS = "counters";
  private static final long LARGEST_RING_BYTES = 1 << 30;

  /** How long a CPU may hold records back, if nobody asks for all of them before. */
  private static final int HOLD_BACK_MILLIS = 50;

  /** A pass that finds so many rounds of new records leaves the rest to the next one. */
  private static final int MOST_ROUNDS = 16;

  /** What of a system call's arguments is sent besides their numbers; {@code enum detail_kind}. */
  public enum DetailKind {
    /** Nothing. */
    NONE(0),
    /** The string that an argument points to. */
    PATH(1),
    /** The bytes that an argument points to, as many as another one says. */
    BYTES(2),
    /** The bytes that an argument points to, as many as another one points to. */
    BYTES_BY_REFERENCE(3);

    private final byte wire;

    DetailKind(int wire) {
      this.wire = (byte) wire;
    }
  }

  /**
   * How one kind of event is seen.
   *
   * @param hook what is attached
   * @param refusals the cheaper hooks that were tried before
   */
  public record Probe(Hook hook, List<Refusal> refusals) {}

  private final LoadedObject object;
  private final Transport transport;
  private final String notTheOtherBuffer;
  private final Batches batches;
  private final RecordSplitter splitter = new RecordSplitter();
  private final Filter filter;
  private final Carriers carriers;
  private final Probes probes;
  private final int possibleCpus;
  private final StatisticsReader statistics;
  private final MemorySegment counterMemory;
  private long lastFlush = System.nanoTime();

  private Tracer(
      Options options,
      HookOrder hooks,
      LoadedObject object,
      Transport transport,
      String notTheOtherBuffer,
      Batches batches,
      int possibleCpus)
      throws KernelException {
    this.object = object;
    this.transport = transport;
    this.notTheOtherBuffer = notTheOtherBuffer;
    this.batches = batches;
    this.possibleCpus = possibleCpus;
    filter = new Filter(object.variable("filter"));
    carriers = new Carriers(object.variable("carriers"));
    probes = new Probes(object, hooks, options.attach, filter);
    statistics = new StatisticsReader(object, possibleCpus);
    counterMemory = object.memory(COUNTERS);
  }

  /** The object of this architecture, as committed. */
  static BpfObject loadObject(Architecture architecture)
      throws IOException, MalformedObjectException {
    String name = "kernelflight-" + architecture.kernelName() + ".bpf.o";
    return BpfObject.parse(Resource.bytes(Tracer.class, name));
  }

  /** To trace this process but for one thread. */
  public static Tracer open(Options options, int agentThread, Epoll epoll)
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
  public static Tracer open(Options options, Scope scope, Epoll epoll)
      throws KernelException, IOException {
    return open(options, Architecture.current(), HookOrder.ofThisKernel(), scope, epoll);
  }

  /** With other hooks to try. */
  static Tracer open(
      Options options, Architecture architecture, HookOrder hooks, Scope scope, Epoll epoll)
      throws KernelException, IOException {
    AutomaticBuffer.Opener<Tracer> opener =
        (kind, leastBytes, because) -> {
          Options chosen = new Options(options.attach, kind, options.pages);
          return open(chosen, leastBytes, because, architecture, hooks, scope, epoll);
        };
    return options.buffer == Buffer.AUTO
        ? AutomaticBuffer.open((long) options.pages * Mapping.pageBytes(), opener)
        : opener.open(options.buffer, Shrinking.LEAST_BYTES, "");
  }

  private static Tracer open(
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
      Tracer tracer = new Tracer(options, hooks, object, transport, because, batches, possibleCpus);
      if (scope instanceof Scope.OwnProcess own) {
        tracer.filter.setAgentThread(own.agentThread);
      }
      return tracer;
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

  /**
   * Traces from now on what is wanted, and nothing else: attaches, detaches and filters
   * accordingly. Once something was wanted the ends of threads are followed until {@link #close}.
   *
   * @throws NoHookException if the kernel accepts no hook for something; the rest is traced. Other
   *     kinds that it accepts none for are suppressed in the exception. Asking for the same again
   *     tries what {@linkplain Refusal#mayPass may pass}
   */
  public void follow(Wanted wanted) throws NoHookException {
    if (!counterMemory.scope().isAlive()) {
      throw new IllegalStateException("the tracer is closed");
    }
    probes.follow(wanted);
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
      case Scope.OwnProcess own -> constants.put("scope", 0L);
      case Scope.OtherProcess other -> {
        constants.put("scope", 1L);
        constants.put("target_pid", (long) other.pid);
      }
      case Scope.AllProcesses all -> constants.put("scope", 2L);
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

  /** The buffers; they stay the tracer's. */
  public Transport transport() {
    return transport;
  }

  /** Kind and size of the buffers, and why they are not of the other kind, for people. */
  public String bufferDescription() {
    return notTheOtherBuffer.isEmpty()
        ? transport.description()
        : transport.description() + " (" + notTheOtherBuffer + ")";
  }

  /**
   * Hands over all records that there are, in order for each CPU; where new ones come all the
   * while, some are left to the next time.
   *
   * @return whether that were all from before the call; not where a CPU was time and again found in
   *     the middle of a record
   * @throws KernelException if what CPUs hold back cannot be had
   */
  public boolean drain(RecordHandler handler) throws KernelException {
    splitter.setHandler(handler);
    // first what takes its time, so that little is held back again when this returns
    drainTransport();
    lastFlush = System.nanoTime();
    boolean all = batches.flush(splitter);
    transport.drain(splitter);
    return all;
  }

  /**
   * As {@link #drain}, for whoever is woken often: what CPUs hold back, to send it together, is
   * fetched only each {@value #HOLD_BACK_MILLIS} ms, since that interrupts them, which may take 100
   * µs in a virtual machine.
   */
  public boolean drainOften(RecordHandler handler) throws KernelException {
    if (System.nanoTime() - lastFlush >= HOLD_BACK_MILLIS * 1_000_000L) {
      return drain(handler);
    }
    splitter.setHandler(handler);
    drainTransport();
    return false;
  }

  private void drainTransport() {
    int round = 0;
    while (round < MOST_ROUNDS && transport.drain(splitter) > 0) {
      round++;
    }
  }

  /** Records that could not be made out, since the start; only damaged memory makes any. */
  public long undecodable() {
    return splitter.undecodable() + transport.undecodable();
  }

  /** The threads that run virtual threads, to be told of. */
  public Carriers carriers() {
    return carriers;
  }

  /** What is traced. */
  public Wanted wanted() {
    return probes.wanted();
  }

  /** How file opens are seen, if they are. */
  public Optional<Probe> fileOpenProbe() {
    return probes.ofFileOpens();
  }

  /** How system calls are seen, if they are. */
  public Optional<Probe> syscallProbe() {
    return probes.ofSyscalls();
  }

  /** How CPUs are sampled, if they are. */
  public Optional<Probe> sampleProbe() {
    return probes.ofSamples();
  }

  /**
   * Whether asking for the same again may bring more of what is wanted: what was short may be there
   * again, and the kernel may allow more samples than before.
   */
  public boolean mayImprove() {
    return probes.mayImprove();
  }

  /** Why CPUs are sampled less often than wanted, if they are. */
  public Optional<String> sampleLimit() {
    return probes.sampleLimit();
  }

  /** CPUs that should be sampled and are not, and why. */
  public Map<Integer, String> unsampledCpus() {
    return probes.unsampled();
  }

  /** Follows CPUs that went or came online since the last call; cheap when none did. */
  public void followCpus() throws KernelException {
    transport.followCpus();
    probes.followCpus();
  }

  /**
   * How often the kernel skipped a program because another thread was in the middle of it on that
   * CPU: so many calls at most are missing, of whatever process.
   */
  public long skippedRuns() throws KernelException {
    return probes.skippedRuns();
  }

  /** How often it skipped the program that runs at the end of a thread. */
  long skippedThreadExits() throws KernelException {
    return probes.skippedThreadExits();
  }

  /** Ends a period of statistics and hands out the sums of every kind of call. */
  public void readStatistics(StatisticsReader.Handler handler) throws KernelException {
    statistics.read(filter.nextPeriod(), handler);
  }

  /** Says what of a system call's arguments is sent, by number. */
  public void setDetail(int syscall, DetailKind kind, int argument, int lengthArgument)
      throws KernelException {
    object
        .map("details")
        .put(syscall, new byte[] {kind.wire, (byte) argument, (byte) lengthArgument, 0});
  }

  /** The counts of every possible CPU, by its number. */
  public Counters[] counters() {
    Counters[] all = new Counters[possibleCpus];
    for (int cpu = 0; cpu < possibleCpus; cpu++) {
      all[cpu] = new Counters(batches.taken(cpu), 0, 0, 0, 0, 0);
      for (int kind = 0; kind < Counters.KINDS; kind++) {
        long at = (long) cpu * Counters.CPU_BYTES + (long) kind * Counters.BYTES;
        all[cpu] = all[cpu].plus(Counters.read(counterMemory, at));
      }
    }
    return all;
  }

  @Override
  public void close() {
    probes.close();
    statistics.close();
    batches.close();
    transport.close();
    object.close();
  }
}
