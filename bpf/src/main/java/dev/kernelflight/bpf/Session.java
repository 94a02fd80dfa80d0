package dev.kernelflight.bpf;

import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.ring.RecordHandler;
import dev.kernelflight.bpf.ring.Transport;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.Filter;
import dev.kernelflight.bpf.source.HookOrder;
import dev.kernelflight.bpf.source.Source;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.bpf.sys.KernelException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tracing under way: maps, programs, hooks and buffers, to be followed, drained and counted. {@link
 * LocalSession} opens it. Hooks are in force while {@link #follow} was last asked for what they
 * see.
 *
 * <p>Not thread-safe: one thread at a time, guarded by its owner.
 */
public final class Session implements AutoCloseable {
  /** How long a CPU may hold records back, if nobody asks for all of them before. */
  private static final int HOLD_BACK_MILLIS = 50;

  /** A pass that finds so many rounds of new records leaves the rest to the next one. */
  private static final int MOST_ROUNDS = 16;

  private static final String COUNTERS = "counters";
  private static final String DETAILS = "details";

  /**
   * How a source is seen.
   *
   * @param hook what is attached
   * @param refusals the cheaper hooks that were tried before, or left out
   */
  public record Probe(Hook hook, List<Refusal> refusals) {}

  private final LoadedObject object;
  private final Transport transport;
  private final String notTheOtherBuffer;
  private final Batches batches;
  private final RecordSplitter splitter = new RecordSplitter();
  private final Filter filter;
  private final Carriers carriers;
  private final Attachments attachments;
  private final int possibleCpus;
  private final StatisticsReader statistics;
  private final MemorySegment counters;
  private long lastFlush = System.nanoTime();

  /** Whether calls were ever counted by thread. */
  private boolean countsByThread;

  /** Takes over all of it, to be closed with the session. */
  Session(
      LoadedObject object,
      Transport transport,
      String notTheOtherBuffer,
      Batches batches,
      HookOrder order,
      Optional<HookKind> only,
      int possibleCpus)
      throws KernelException {
    this.object = object;
    this.transport = transport;
    this.notTheOtherBuffer = notTheOtherBuffer;
    this.batches = batches;
    this.possibleCpus = possibleCpus;
    filter = new Filter(object.variable("filter"));
    carriers = new Carriers(object.variable("carriers"));
    attachments = new Attachments(object, order, only, filter);
    statistics = new StatisticsReader(object, possibleCpus);
    counters = object.memory(COUNTERS);
  }

  /** The thread, by its kernel id, that is never traced. */
  void leaveOut(int thread) {
    filter.setAgentThread(thread);
  }

  /**
   * Traces from now on what is wanted, and nothing else: attaches, detaches and filters
   * accordingly. Once something was wanted the ends of threads are followed until {@link #close}.
   *
   * @throws NoHookException if the kernel accepts no hook for a source; the rest is traced. Other
   *     sources that it accepts none for are suppressed in the exception. Asking for the same again
   *     tries what {@linkplain Refusal#mayPass may pass}
   */
  public void follow(Demand demand) throws NoHookException {
    if (!counters.scope().isAlive()) {
      throw new IllegalStateException("the session is closed");
    }
    countsByThread |=
        demand.of(SyscallStatistics.SOURCE).filter(SyscallStatistics.Wanted::byThread).isPresent();
    attachments.follow(demand);
  }

  /** What is traced. */
  public Demand demand() {
    return attachments.demand();
  }

  /** How a source is seen, if it is. */
  public Optional<Probe> probe(Source<?> source) {
    return attachments.probe(source);
  }

  /** Why a source that is wanted is not seen, if {@link #follow} found no hook for it. */
  public Optional<NoHookException> failure(Source<?> source) {
    return attachments.failure(source);
  }

  /**
   * Whether asking for the same again may bring more of what is wanted: what was short may be there
   * again, and the kernel may allow more samples than before.
   */
  public boolean mayImprove() {
    return attachments.mayImprove();
  }

  /** Why less is seen of a source than is wanted, if that is so. */
  public Optional<String> limit(Source<?> source) {
    return attachments.limit(source);
  }

  /** CPUs on which a source should be seen and is not, and why. */
  public Map<Integer, String> unseenCpus(Source<?> source) {
    return attachments.unseenCpus(source);
  }

  /** The buffers; they stay the session's. */
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

  /** Follows CPUs that went or came online since the last call; cheap when none did. */
  public void followCpus() throws KernelException {
    transport.followCpus();
    attachments.followCpus();
  }

  /**
   * How often the kernel skipped a program because another thread was in the middle of it on that
   * CPU: so many calls at most are missing, of whatever process.
   */
  public long skippedRuns() throws KernelException {
    return attachments.skippedRuns();
  }

  /** How often it skipped the program that runs at the end of a thread. */
  long skippedThreadEnds() throws KernelException {
    return attachments.skippedThreadEnds();
  }

  /** Ends a period of statistics and hands out the sums of every kind of call. */
  public void readStatistics(StatisticsReader.Handler handler) throws KernelException {
    statistics.read(filter.nextPeriod(), countsByThread, handler);
  }

  /** Says what of a system call's arguments is sent, by number. */
  public void setDetail(int syscall, ArgumentDetail detail) throws KernelException {
    object.map(DETAILS).put(syscall, detail.bytes());
  }

  /** The counts of every possible CPU, by its number. */
  public Counters[] counters() {
    Counters[] all = new Counters[possibleCpus];
    for (int cpu = 0; cpu < possibleCpus; cpu++) {
      Counters taken = new Counters(batches.taken(cpu), 0, 0, 0, 0, 0);
      all[cpu] = taken.plus(Counters.ofCpu(counters, cpu));
    }
    return all;
  }

  @Override
  public void close() {
    attachments.close();
    statistics.close();
    batches.close();
    transport.close();
    object.close();
  }
}
