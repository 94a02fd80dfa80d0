package dev.kernelflight.agent;

import dev.kernelflight.agent.jfr.DrainReporter;
import dev.kernelflight.agent.jfr.JfrSink;
import dev.kernelflight.agent.jfr.Losses;
import dev.kernelflight.agent.jfr.OutageReporter.Missing;
import dev.kernelflight.agent.jfr.ProbeReporter;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.StatisticsEmitter;
import dev.kernelflight.agent.kind.Symbols;
import dev.kernelflight.agent.pump.LossReporter;
import dev.kernelflight.agent.pump.Pump;
import dev.kernelflight.agent.threads.JavaThreads;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.events.EventsLostEvent;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The wiring, for as long as hooks are in force: a session, pumped into JFR, and what is told of
 * both. One thread at a time.
 */
final class Pipeline implements AutoCloseable {
  private final Session session;
  private final JavaThreads.Subscription subscription;
  private final JfrSink sink;
  private final Pump pump;
  private final StatisticsEmitter statistics;
  private final DrainReporter work = new DrainReporter();
  private @Nullable String reportedOfVirtualThreads;

  /** Whether system calls were ever counted. */
  private boolean hasCounted;

  /** Whether some of what was last wanted is not traced. */
  private boolean refused;

  /** What to do about it. */
  private String adviceOnRefusal = "";

  private Pipeline(Session session, JavaThreads.Subscription subscription) throws KernelException {
    this.session = session;
    this.subscription = subscription;
    sink = new JfrSink(subscription);
    pump = new Pump(session, sink, new Symbols(Console::warn), Losses::commit);
    statistics = new StatisticsEmitter(sink.origin());
  }

  /**
   * Makes all ready; nothing is attached until {@link #follow}.
   *
   * @param drainingThread the kernel's id of the thread that is not to be traced
   * @param epoll woken when there is much to drain
   */
  static Pipeline open(AgentOptions options, int drainingThread, Epoll epoll, JavaThreads threads)
      throws KernelException, IOException {
    Session session = LocalSession.open(options.tracing(), drainingThread, epoll);
    JavaThreads.Subscription subscription = null;
    try {
      subscription = threads.subscribe(session.carriers(), options.virtualThreads(), epoll::wakeUp);
      return new Pipeline(session, subscription);
    } catch (Throwable e) {
      if (subscription != null) {
        subscription.close();
      }
      session.close();
      throw e;
    }
  }

  /**
   * Attaches for file opens and detaches at once, to see whether that can be done.
   *
   * @return how, for people
   */
  static String tryOnce(AgentOptions options, int drainingThread, Epoll epoll)
      throws NoHookException, KernelException, IOException {
    try (Session trial = LocalSession.open(options.tracing(), drainingThread, epoll)) {
      trial.follow(Demand.of(FileOpens.SOURCE, Kinds.OPENS.all()));
      return FileOpens.SOURCE
          + " by "
          + trial.probe(FileOpens.SOURCE).map(probe -> probe.hook().toString()).orElse("no hook")
          + "; "
          + trial.bufferDescription();
    }
  }

  /** What is traced. */
  Demand demand() {
    return session.demand();
  }

  /**
   * Traces what is wanted from now on, and nothing else; tries again what was refused only for now.
   *
   * @throws NoHookException if there is no hook for something; the rest is traced
   */
  void follow(Demand demand) throws NoHookException {
    boolean known = demand.equals(session.demand());
    if (known && !session.mayImprove()) {
      return;
    }
    if (!known && hasCounted && !session.demand().wants(SyscallStatistics.SOURCE)) {
      // what was counted after the last event, when they were wanted before
      attempt("counts of older system calls", () -> session.readStatistics(statistics::skip));
    }
    hasCounted |= demand.wants(SyscallStatistics.SOURCE);
    boolean wasRefused = refused;
    refused = true;
    try {
      pump.follow(demand);
      refused = false;
    } catch (NoHookException e) {
      adviceOnRefusal = Diagnosis.of(e).advice();
      throw e;
    } finally {
      if (!known || !refused || !wasRefused) {
        reportProbes();
      }
    }
  }

  /** Why events that are wanted are not recorded, or not in full, by the events' names. */
  Map<String, Missing> missing() {
    return MissingEvents.of(session, refused ? adviceOnRefusal : "");
  }

  /** Why less is recorded than is wanted, where a machine's limit is the reason. */
  List<String> limits() {
    return Kinds.traced().stream()
        .flatMap(kind ->
            session.limit(kind.source()).map(limit -> kind.eventName() + ": " + limit).stream())
        .toList();
  }

  /** Names of the events that have a hook. */
  Set<String> events() {
    return ProbeReporter.events(session);
  }

  /** Commits all that belongs into the chunk that JFR is about to end. */
  void endChunk() {
    attempt("counts of system calls", this::commitStatistics);
    finish();
    sink.origin().chunkEnds();
  }

  /** Commits what there still is, before the end. */
  void finish() {
    attempt("the last records", this::drain);
    attempt("counts of what was lost", pump::reportLosses);
    attempt("counts of the agent's work", () -> work.report(session.counters(), pump));
  }

  /** What cannot be read now is told in the recording; nothing else depends on it. */
  private static void attempt(String what, Step step) {
    failureOf(step)
        .ifPresent(failure ->
            Losses.commit(
                LossReporter.NO_CPU,
                EventsLostEvent.UNKNOWN,
                what + " could not be had at this time: " + failure.getMessage()));
  }

  private static Optional<Throwable> failureOf(Step step) {
    try {
      step.run();
      return Optional.empty();
    } catch (KernelException | RuntimeException | OutOfMemoryError e) {
      return Optional.of(e);
    }
  }

  @FunctionalInterface
  private interface Step {
    void run() throws KernelException;
  }

  /** JFR has begun a chunk. */
  void beginChunk() {
    sink.origin().chunkBegins();
    reportProbes();
  }

  /** Commits what carries the events, and whose those of virtual threads are. */
  private void reportProbes() {
    reportedOfVirtualThreads = subscription.callsOfVirtualThreads();
    ProbeReporter.report(session, reportedOfVirtualThreads);
  }

  private void reportNewsOfVirtualThreads() {
    if (!Objects.equals(reportedOfVirtualThreads, subscription.callsOfVirtualThreads())) {
      reportProbes();
    }
  }

  /** Commits all records that are there. */
  void drain() throws KernelException {
    pump.drain();
    reportNewsOfVirtualThreads();
  }

  /** The same for a thread that is woken often, as {@link Pump#drainOften}. */
  void drainOften() throws KernelException {
    pump.drainOften();
    reportNewsOfVirtualThreads();
  }

  /** Commits what the kernel counted since the last time. */
  void commitStatistics() throws KernelException {
    if (session.demand().wants(SyscallStatistics.SOURCE)) {
      session.readStatistics(statistics::emit);
    }
  }

  /** Follows CPUs and reports losses; what fails is done the next time, and costs nothing. */
  void keepHouse() {
    failureOf(session::followCpus);
    failureOf(pump::reportLosses);
  }

  /** Commits all that there is, and what was lost of what there should be. */
  void countLosses() throws KernelException {
    drain();
    pump.reportLosses();
  }

  @Override
  public void close() {
    subscription.close();
    session.close();
  }
}
