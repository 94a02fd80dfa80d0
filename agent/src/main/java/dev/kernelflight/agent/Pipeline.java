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
import dev.kernelflight.events.TickClock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
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
    } catch (KernelException | RuntimeException e) {
      tracer.close();
      throw e;
    }
  }

  Tracer tracer() {
    return tracer;
  }

  /**
   * Traces what is requested from now on, and nothing else.
   *
   * @throws NoHookException if there is no hook for something; the rest is traced
   */
  void follow(Requested requested) throws NoHookException, KernelException {
    fileOpens.setFilter(requested.paths());
    if (!requested.wanted().equals(tracer.wanted())) {
      if (tracer.wanted().statistics().isEmpty()) {
        // what was counted after the last event, when they were wanted before
        tracer.readStatistics(statistics::skip);
      }
      tracer.follow(requested.wanted());
    }
  }

  /** Whether any probe is attached. */
  boolean seesAnything() {
    return tracer.fileOpenProbe().isPresent()
        || tracer.syscallProbe().isPresent()
        || tracer.sampleProbe().isPresent();
  }

  /** Commits all that belongs into the chunk that JFR is about to end. */
  void endChunk() throws KernelException {
    commitStatistics();
    drain();
    origin.chunkEnds();
    reportLosses();
    reportWork();
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

  /** Follows CPUs that came or went. */
  void followCpus() throws KernelException {
    tracer.followCpus();
  }

  /** Commits what was lost since the last time. */
  void reportLosses() throws KernelException {
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
