package dev.kernelflight.agent.live;

import dev.kernelflight.agent.kind.Symbols;
import dev.kernelflight.agent.pump.LossReporter;
import dev.kernelflight.agent.pump.Pump;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
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
public final class PerfSession {
  /** How long a record waits at most, unless its buffer wakes this thread before. */
  private static final int FLUSH_MILLIS = 50;

  private static final long HOUSEKEEPING_NANOS = 500_000_000;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int READER_NICE = -10;

  private static final String NO_MEMORY =
      "there were more at once than there is memory for: ask for less, or give perf a larger heap"
          + " (java -Xmx)";

  private final LocalSession.Options options;
  private final LocalSession.Scope scope;
  private final Demand demand;

  /** 0 for no end. */
  private final long durationNanos;

  private final BooleanSupplier processRuns;
  private final Consumer<String> warnings;
  private final Symbols symbols;
  private final LiveSink events;
  private final PerfOutput output;
  private final PerfSummary summary;
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
  public PerfSession(
      LocalSession.Options options,
      LocalSession.Scope scope,
      Demand demand,
      long durationNanos,
      BooleanSupplier processRuns,
      Consumer<String> warnings,
      Symbols symbols,
      LiveSink events,
      PerfOutput output,
      PerfSummary summary) {
    this.options = options;
    this.scope = scope;
    this.demand = demand;
    this.durationNanos = durationNanos;
    this.processRuns = processRuns;
    this.warnings = warnings;
    this.symbols = symbols;
    this.events = events;
    this.output = output;
    this.summary = summary;
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
  public void run() throws NoHookException, KernelException, IOException {
    try (Epoll epoll = new Epoll()) {
      // the JVM's own way with a signal is to end at once, with 130
      Thread atEnd = new Thread(() -> endSoon(epoll), "perf ends");
      Runtime.getRuntime().addShutdownHook(atEnd);
      try (Session session = LocalSession.open(options, scope, epoll)) {
        trace(session, epoll);
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
  public void exit(int code) {
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

  private void trace(Session session, Epoll epoll)
      throws NoHookException, KernelException, IOException {
    CurrentProcess.setNice(READER_NICE);
    Pump pump = new Pump(session, events, symbols, this::onLoss);
    pump.follow(demand);
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
      readOn = show(pump);
      now = System.nanoTime();
      if (readOn && now - housekept > HOUSEKEEPING_NANOS) {
        housekept = now;
        session.followCpus();
        reportLosses(pump);
      }
    }
    session.follow(Demand.NOTHING);
    summary.setNanos(Math.min(System.nanoTime(), deadline) - begun);
    if (readOn) {
      finish(pump);
    }
  }

  private void finish(Pump pump) throws KernelException {
    if (show(pump)) {
      reportLosses(pump);
      output.print(summary);
    }
  }

  /** Shows what there is now; returns whether anybody reads on. */
  private boolean show(Pump pump) throws KernelException {
    // all of it each time: what comes later cannot be put between the lines that are printed
    pump.drain();
    List<ObservedEvent> batch = events.take();
    batch.forEach(summary::add);
    return output.print(batch);
  }

  private void reportLosses(Pump pump) throws KernelException {
    pump.reportLosses();
    if (events.unkept() > unkept) {
      onLoss(LossReporter.NO_CPU, events.unkept() - unkept, NO_MEMORY);
      unkept = events.unkept();
    }
  }
}
