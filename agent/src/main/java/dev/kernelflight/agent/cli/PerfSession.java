package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.emit.LossReporter;
import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.Wanted;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Traces, on the calling thread, until the time is over, the traced process has ended, nobody reads
 * on, or this program is asked to end (Ctrl-C). What has happened by then is shown in any case.
 */
final class PerfSession {
  /** How long a record waits at most, unless its buffer wakes this thread before. */
  private static final int FLUSH_MILLIS = 50;

  private static final long HOUSEKEEPING_NANOS = 500_000_000;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int READER_NICE = -10;

  private static final String NO_MEMORY =
      "there were more at once than there is memory for: ask for less, or give perf a larger heap"
          + " (java -Xmx)";

  private final Tracer.Options options;
  private final Tracer.Scope scope;
  private final Wanted wanted;

  /** 0 for no end. */
  private final long durationNanos;

  private final BooleanSupplier processRuns;
  private final Consumer<String> warnings;
  private final LiveEvents events;
  private final PerfOutput output;
  private final PerfSummary summary;
  private final LossReporter losses;
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean askedToEnd;
  private boolean over;
  private long unkept;
  private volatile int exitCode;

  /**
   * @param durationNanos or 0 for no end
   * @param processRuns whether what is to be traced is still there
   * @param warnings takes what somebody who looks on should know at once
   */
  PerfSession(
      Tracer.Options options,
      Tracer.Scope scope,
      Wanted wanted,
      long durationNanos,
      BooleanSupplier processRuns,
      Consumer<String> warnings,
      LiveEvents events,
      PerfOutput output,
      PerfSummary summary) {
    this.options = options;
    this.scope = scope;
    this.wanted = wanted;
    this.durationNanos = durationNanos;
    this.processRuns = processRuns;
    this.warnings = warnings;
    this.events = events;
    this.output = output;
    this.summary = summary;
    losses = new LossReporter(this::onLoss);
  }

  private void onLoss(int cpu, long count, String reason) {
    summary.addLost(cpu, count);
    warnings.accept(
        "lost "
            + count
            + (count == 1 ? " event" : " events")
            + (cpu < 0 ? "" : " on CPU " + cpu)
            + ": "
            + reason);
  }

  /** Traces and shows all of it. */
  void run() throws NoHookException, KernelException, IOException {
    try (Epoll epoll = new Epoll()) {
      // the JVM's own way with a signal is to end at once, with 130
      Thread atEnd = new Thread(() -> endSoon(epoll), "perf ends");
      Runtime.getRuntime().addShutdownHook(atEnd);
      try (Tracer tracer = Tracer.open(options, scope, epoll)) {
        trace(tracer, epoll);
      } finally {
        letGo(atEnd);
      }
    }
  }

  private synchronized void letGo(Thread atEnd) {
    over = true;
    try {
      Runtime.getRuntime().removeShutdownHook(atEnd);
    } catch (IllegalStateException e) {
      // it runs, and waits for the exit code
    }
  }

  /** All is said: a program that was asked to end does so now. */
  void exit(int code) {
    exitCode = code;
    finished.countDown();
  }

  /** On the thread that the JVM ends with: a signal is how perf without a duration usually ends. */
  private void endSoon(Epoll epoll) {
    synchronized (this) {
      askedToEnd = true;
      if (!over) {
        epoll.wakeUp();
      }
    }
    try {
      finished.await();
      Runtime.getRuntime().halt(exitCode);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void trace(Tracer tracer, Epoll epoll)
      throws NoHookException, KernelException, IOException {
    CurrentProcess.setNice(READER_NICE);
    events.arguments().details(tracer::setDetail);
    tracer.follow(wanted);
    long begun = System.nanoTime();
    events.setFrom(begun);
    long deadline = durationNanos == 0 ? Long.MAX_VALUE : begun + durationNanos;
    events.setUntil(deadline);
    output.printHeader();
    boolean readOn = true;
    long housekept = begun;
    long now = begun;
    while (readOn && !askedToEnd && now < deadline && processRuns.getAsBoolean()) {
      long left = (deadline - now + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
      epoll.await((int) Math.min(left, FLUSH_MILLIS));
      readOn = show(tracer);
      now = System.nanoTime();
      if (readOn && now - housekept > HOUSEKEEPING_NANOS) {
        housekept = now;
        tracer.followCpus();
        reportLosses(tracer);
      }
    }
    tracer.follow(Wanted.NOTHING);
    summary.setNanos(Math.min(System.nanoTime(), deadline) - begun);
    if (readOn) {
      finish(tracer);
    }
  }

  private void finish(Tracer tracer) throws KernelException {
    if (show(tracer)) {
      reportLosses(tracer);
      output.print(summary);
    }
  }

  /** Shows what there is now; returns whether anybody reads on. */
  private boolean show(Tracer tracer) throws KernelException {
    events.anchor();
    // all of it each time: what comes later cannot be put between the lines that are printed
    tracer.drain(events);
    List<LiveEvent> batch = events.take();
    batch.forEach(summary::add);
    return output.print(batch);
  }

  private void reportLosses(Tracer tracer) throws KernelException {
    losses.report(
        tracer.counters(), tracer.skippedRuns(), events.undecodable() + tracer.undecodable());
    if (events.unkept() > unkept) {
      onLoss(LossReporter.NO_CPU, events.unkept() - unkept, NO_MEMORY);
      unkept = events.unkept();
    }
  }
}
