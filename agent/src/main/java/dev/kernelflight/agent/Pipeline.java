package dev.kernelflight.agent;

import dev.kernelflight.agent.decode.CpuSampleRecord;
import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.decode.KernelRecord;
import dev.kernelflight.agent.decode.SyscallRecord;
import dev.kernelflight.agent.emit.CpuSampleEmitter;
import dev.kernelflight.agent.emit.DrainReporter;
import dev.kernelflight.agent.emit.FileOpenEmitter;
import dev.kernelflight.agent.emit.KernelStacks;
import dev.kernelflight.agent.emit.LossReporter;
import dev.kernelflight.agent.emit.OutageReporter.Missing;
import dev.kernelflight.agent.emit.ProbeReporter;
import dev.kernelflight.agent.emit.RecordOrigin;
import dev.kernelflight.agent.emit.StatisticsEmitter;
import dev.kernelflight.agent.emit.SyscallArguments;
import dev.kernelflight.agent.emit.SyscallEmitter;
import dev.kernelflight.agent.enrich.JavaThreads;
import dev.kernelflight.agent.enrich.KernelClock;
import dev.kernelflight.agent.enrich.ThreadDirectory;
import dev.kernelflight.agent.enrich.VirtualThreads;
import dev.kernelflight.agent.settings.RecordingSettings.Requested;
import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.ring.RecordHandler;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.TickClock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The wiring, for as long as probes are attached: kernel buffers to decoder to enrichment to JFR,
 * in one pass over the records where they lie. One thread at a time.
 */
final class Pipeline implements AutoCloseable {
  private final Tracer tracer;
  private final JavaThreads.Subscription subscription;
  private final ThreadDirectory threads;
  private final VirtualThreads virtualThreads;
  private final KernelClock clock = new KernelClock(TickClock::now);
  private final FileOpenRecord fileOpen = new FileOpenRecord();
  private final SyscallRecord syscall = new SyscallRecord();
  private final CpuSampleRecord cpuSample = new CpuSampleRecord();
  private final FileOpenEmitter fileOpens;
  private final SyscallEmitter syscalls;
  private final CpuSampleEmitter cpuSamples;
  private final StatisticsEmitter statistics;
  private final RecordOrigin origin;
  private final LossReporter losses = new LossReporter(LossReporter::commit);
  private final DrainReporter work = new DrainReporter();
  private long undecodable;
  private long records;
  private long busyNanos;
  private @Nullable String reportedOfVirtualThreads;

  /** Records that could not be made an event, how many of them were told, and why. */
  private long uncommitted;

  private long uncommittedTold;
  private @Nullable Throwable whyUncommitted;

  /** Whether system calls were ever counted. */
  private boolean hasCounted;

  /** Why some of what was last requested is not traced, if that is so. */
  private @Nullable NoHookException refused;

  /** What to do about it. */
  private String adviceOnRefusal = "";

  private Pipeline(
      Tracer tracer, JavaThreads.Subscription subscription, SyscallArguments arguments) {
    this.tracer = tracer;
    this.subscription = subscription;
    threads = subscription.directory();
    virtualThreads = subscription.virtualThreads();
    origin = new RecordOrigin(clock, threads, virtualThreads);
    fileOpens = new FileOpenEmitter(origin);
    syscalls = new SyscallEmitter(origin, arguments);
    cpuSamples = new CpuSampleEmitter(origin, new KernelStacks(Console::warn));
    statistics = new StatisticsEmitter(origin);
  }

  /**
   * Makes all ready; nothing is attached until {@link #follow}.
   *
   * @param drainingThread the kernel's id of the thread that is not to be traced
   * @param epoll woken when there is much to drain
   */
  static Pipeline open(AgentOptions options, int drainingThread, Epoll epoll, JavaThreads threads)
      throws KernelException, IOException {
    Tracer tracer = Tracer.open(options.tracing(), drainingThread, epoll);
    try {
      SyscallArguments arguments = new SyscallArguments(KernelNames.ofThisMachine());
      arguments.details(tracer::setDetail);
      return new Pipeline(
          tracer,
          threads.subscribe(tracer.carriers(), options.virtualThreads(), epoll::wakeUp),
          arguments);
    } catch (Throwable e) {
      tracer.close();
      throw e;
    }
  }

  Tracer tracer() {
    return tracer;
  }

  /**
   * Traces what is requested from now on, and nothing else; tries again what was refused only for
   * now.
   *
   * @throws NoHookException if there is no hook for something; the rest is traced
   */
  void follow(Requested requested) throws NoHookException {
    fileOpens.setFilter(requested.paths());
    boolean known = requested.wanted().equals(tracer.wanted());
    if (known && !tracer.mayImprove()) {
      return;
    }
    if (!known && hasCounted && tracer.wanted().statistics().isEmpty()) {
      // what was counted after the last event, when they were wanted before
      attempt("counts of older system calls", () -> tracer.readStatistics(statistics::skip));
    }
    hasCounted |= requested.wanted().statistics().isPresent();
    NoHookException before = refused;
    refused = null;
    try {
      tracer.follow(requested.wanted());
    } catch (NoHookException e) {
      refused = e;
      adviceOnRefusal = Diagnosis.of(e).advice();
      throw e;
    } finally {
      if (!known || refused == null || before == null) {
        reportProbes();
      }
    }
  }

  /** Why events that are wanted are not recorded, or not in full, by the events' names. */
  Map<String, Missing> missing() {
    return MissingEvents.of(tracer, refused, refused == null ? "" : adviceOnRefusal);
  }

  /** Whether any probe is attached. */
  boolean seesAnything() {
    return tracer.fileOpenProbe().isPresent()
        || tracer.syscallProbe().isPresent()
        || tracer.sampleProbe().isPresent();
  }

  /** Commits all that belongs into the chunk that JFR is about to end. */
  void endChunk() {
    attempt("counts of system calls", this::commitStatistics);
    finish();
    origin.chunkEnds();
  }

  /** Commits what there still is, before the end. */
  void finish() {
    attempt("the last records", this::drain);
    attempt("counts of what was lost", this::reportLosses);
    attempt("counts of the agent's work", this::reportWork);
  }

  /** What cannot be read now is told in the recording; nothing else depends on it. */
  private static void attempt(String what, Step step) {
    try {
      step.run();
    } catch (KernelException | RuntimeException | OutOfMemoryError e) {
      LossReporter.commit(
          LossReporter.NO_CPU,
          EventsLostEvent.UNKNOWN,
          what + " could not be had at this time: " + e.getMessage());
    }
  }

  @FunctionalInterface
  private interface Step {
    void run() throws KernelException;
  }

  /** JFR has begun a chunk. */
  void beginChunk() {
    origin.chunkBegins();
    reportProbes();
  }

  /** Commits what carries the events, and whose those of virtual threads are. */
  void reportProbes() {
    reportedOfVirtualThreads = subscription.callsOfVirtualThreads();
    ProbeReporter.report(tracer, reportedOfVirtualThreads);
  }

  /** Commits all records that are there. */
  void drain() throws KernelException {
    drain(tracer::drain);
  }

  /** The same for a thread that is woken often, as {@link Tracer#drainOften}. */
  void drainOften() throws KernelException {
    drain(tracer::drainOften);
  }

  private interface Pass {
    boolean run(RecordHandler handler) throws KernelException;
  }

  private void drain(Pass pass) throws KernelException {
    long begun = System.nanoTime();
    long before = records;
    threads.update();
    virtualThreads.update();
    if (!Objects.equals(reportedOfVirtualThreads, subscription.callsOfVirtualThreads())) {
      reportProbes();
    }
    clock.anchor();
    if (pass.run(this::onRecord)) {
      threads.drained();
      virtualThreads.drained();
    }
    if (records > before) {
      busyNanos += System.nanoTime() - begun;
    }
  }

  private void onRecord(MemorySegment memory, long offset, int length) {
    records++;
    try {
      emit(memory, offset, length);
    } catch (RuntimeException | Error e) {
      // one record's failure is not to cost others, least of all those of other events
      uncommitted++;
      whyUncommitted = e;
    }
  }

  private void emit(MemorySegment memory, long offset, int length) {
    switch (KernelRecord.type(memory, offset, length)) {
      case FileOpenRecord.TYPE -> {
        if (fileOpen.wrap(memory, offset, length)) {
          fileOpens.emit(fileOpen);
          return;
        }
      }
      case SyscallRecord.TYPE -> {
        if (syscall.wrap(memory, offset, length)) {
          syscalls.emit(syscall);
          return;
        }
      }
      case CpuSampleRecord.TYPE -> {
        if (cpuSample.wrap(memory, offset, length)) {
          cpuSamples.emit(cpuSample);
          return;
        }
      }
      default -> {
        // no kind of record that there is
      }
    }
    undecodable++;
  }

  /** Commits what the kernel counted since the last time. */
  void commitStatistics() throws KernelException {
    if (tracer.wanted().statistics().isPresent()) {
      tracer.readStatistics(statistics::emit);
    }
  }

  /** Follows CPUs and reports losses; what fails is done the next time, and costs nothing. */
  void keepHouse() {
    for (Step step : List.<Step>of(tracer::followCpus, this::reportLosses)) {
      try {
        step.run();
      } catch (KernelException | RuntimeException | OutOfMemoryError e) {
        // the programs count on
      }
    }
  }

  /** Commits all that there is, and what was lost of what there should be. */
  void countLosses() throws KernelException {
    drain();
    reportLosses();
  }

  /** Commits what was lost since the last time. */
  void reportLosses() throws KernelException {
    if (uncommitted > uncommittedTold) {
      LossReporter.commit(
          LossReporter.NO_CPU,
          uncommitted - uncommittedTold,
          "the record could not be made an event: " + whyUncommitted);
      uncommittedTold = uncommitted;
    }
    losses.report(tracer.counters(), tracer.skippedRuns(), undecodable + tracer.undecodable());
  }

  /** Commits what was done since the last time. */
  void reportWork() throws KernelException {
    work.report(tracer.counters(), records, busyNanos, fileOpens.filtered());
  }

  @Override
  public void close() {
    subscription.close();
    tracer.close();
  }
}
