package dev.kernelflight.agent;

import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.emit.FileOpenEmitter;
import dev.kernelflight.agent.emit.LossReporter;
import dev.kernelflight.agent.enrich.KernelClock;
import dev.kernelflight.agent.enrich.ThreadDirectory;
import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.events.TickClock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The wiring, for as long as probes are attached: kernel buffers to decoder to enrichment to JFR,
 * in one pass over the records where they lie. One thread at a time.
 */
final class Pipeline implements AutoCloseable {
  /** A pass that finds so many rounds of new records leaves the rest to the next one. */
  private static final int MOST_ROUNDS = 16;

  private final Tracer tracer;
  private final ThreadDirectory threads;
  private final KernelClock clock = new KernelClock(TickClock::now);
  private final FileOpenRecord fileOpen = new FileOpenRecord();
  private final FileOpenEmitter fileOpens;
  private final LossReporter losses = new LossReporter();
  private long undecodable;
  private long records;
  private long busyNanos;

  private Pipeline(Tracer tracer, ThreadDirectory threads) {
    this.tracer = tracer;
    this.threads = threads;
    fileOpens = new FileOpenEmitter(clock, threads);
  }

  /**
   * Attaches the probes.
   *
   * @param drainingThread the kernel's id of the thread that is not to be traced
   * @param epoll woken when there is much to drain
   */
  static Pipeline open(
      Tracer.Options options, int drainingThread, Epoll epoll, ThreadDirectory threads)
      throws NoHookException, KernelException, IOException {
    return new Pipeline(Tracer.open(options, drainingThread, epoll), threads);
  }

  Tracer tracer() {
    return tracer;
  }

  /** Commits all records that are there. */
  void drain() {
    long begun = System.nanoTime();
    threads.update();
    clock.anchor();
    int drained = 0;
    for (int round = 0; round < MOST_ROUNDS; round++) {
      int found = tracer.transport().drain(this::onRecord);
      if (found == 0) {
        break;
      }
      drained += found;
    }
    if (drained > 0) {
      records += drained;
      busyNanos += System.nanoTime() - begun;
    }
  }

  private void onRecord(MemorySegment memory, long offset, int length) {
    if (FileOpenRecord.type(memory, offset, length) == FileOpenRecord.TYPE
        && fileOpen.wrap(memory, offset, length)) {
      fileOpens.emit(fileOpen);
    } else {
      undecodable++;
    }
  }

  /** Commits what was lost since the last time, and follows CPUs that came or went. */
  void housekeep() throws KernelException {
    losses.report(
        tracer.counters(),
        tracer.fileOpens().skippedRuns(),
        undecodable + tracer.transport().undecodable());
    tracer.transport().followCpus();
  }

  /** Records committed since the start. */
  long records() {
    return records;
  }

  /** Time spent on them, in ns. */
  long busyNanos() {
    return busyNanos;
  }

  @Override
  public void close() {
    tracer.close();
  }
}
