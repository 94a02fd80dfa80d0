package dev.kernelflight.agent;

import dev.kernelflight.agent.emit.ProbeReporter;
import dev.kernelflight.agent.enrich.JavaThreads;
import dev.kernelflight.agent.settings.PathFilter;
import dev.kernelflight.agent.settings.RecordingSettings;
import dev.kernelflight.agent.settings.RecordingSettings.Requested;
import dev.kernelflight.agent.stacks.AdviceLoader;
import dev.kernelflight.bpf.Wanted;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.KernelSettings;
import dev.kernelflight.events.KernelTracing;
import dev.kernelflight.events.ProbeEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import org.jspecify.annotations.Nullable;

/**
 * Attaches the probes while a recording wants their events, drains them on a daemon thread of its
 * own, and detaches them when none does.
 *
 * <p>The lock guards the pipeline. Whoever holds it asks nothing of JFR's recorder, whose own lock
 * is held by the threads that end chunks and come here for the last records.
 */
final class Recorder implements FlightRecorderListener, KernelTracing.Agent {
  /** How long a record waits at most, unless its buffer wakes the drainer before. */
  private static final int FLUSH_MILLIS = 50;

  private static final int HOUSEKEEPING_MILLIS = 1000;
  private static final int DRAINER_NICE = -10;
  private static final int BACKGROUND_NICE = 10;

  /** While the JVM is not ready to tell of threads that start. */
  private static final int STARTING_MILLIS = 1;

  /** The longest that draining waits for that. */
  private static final int MOST_STARTING_ROUNDS = 1000;

  private static final int FOREVER = -1;

  private final AgentOptions options;
  private final Instrumentation instrumentation;
  private final ReentrantLock lock = new ReentrantLock();

  // JFR forgets the very objects that it was given
  private final Runnable chunkEnds = this::chunkEnds;
  private final Runnable chunkBegins = this::chunkBegins;
  private final Runnable statisticsDue = this::statisticsDue;

  private @Nullable RecordingSettings settings;
  private volatile @Nullable Drainer drainer;
  private volatile @Nullable Pipeline pipeline;

  /** Whether recordings may want something else than when they were last asked. */
  private volatile boolean settingsChanged;

  private @Nullable String lastFailure;
  private boolean refused;

  /** What failed cannot succeed at the next recording either. */
  private boolean hopeless;

  private volatile boolean stopped;

  Recorder(AgentOptions options, Instrumentation instrumentation) {
    this.options = options;
    this.instrumentation = instrumentation;
  }

  /** The daemon thread and what it waits on; made when the first recording wants an event. */
  private record Drainer(Thread thread, Epoll epoll, int tid, JavaThreads threads) {}

  /** Begins to follow JFR's recordings, those that run already among them. */
  void start() {
    FlightRecorder.addListener(this);
    KernelTracing.setAgent(this);
    if (FlightRecorder.isInitialized() && RecordingSettings.anyRecordingRuns()) {
      FlightRecorder.getFlightRecorder().getRecordings().forEach(Recorder::checkDiskLimit);
      recordingStarted();
    }
  }

  /**
   * Attaches and detaches at once, to see whether it can be done.
   *
   * @return how, for people
   */
  String tryOnce() throws NoHookException, KernelException, IOException {
    lock.lock();
    try {
      Architecture.current();
      Drainer ready = drainer();
      try (Pipeline trial =
          Pipeline.open(options.tracing(), ready.tid, ready.epoll, ready.threads)) {
        trial.follow(new Requested(Wanted.fileOpensOnly(), PathFilter.ALL));
        return "file opens by "
            + trial.tracer().fileOpenProbe().map(probe -> probe.hook().toString()).orElse("no hook")
            + "; "
            + trial.tracer().transport().description();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends all of it: nothing of the agent stays in the kernel, nor its thread. Recordings go on
   * without kernel events.
   */
  void stop() {
    FlightRecorder.removeListener(this);
    KernelTracing.setAgent(null);
    KernelSettings.setOnChange(() -> {});
    for (Runnable hook : List.of(chunkEnds, chunkBegins, statisticsDue)) {
      FlightRecorder.removePeriodicEvent(hook);
    }
    // what has happened until now belongs into the recordings
    chunkEnds();
    Drainer ending;
    lock.lock();
    try {
      stopped = true;
      refused = true;
      detach();
      wakeDrainer();
      ending = drainer;
      drainer = null;
    } finally {
      lock.unlock();
    }
    if (ending != null) {
      try {
        ending.thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void recordingStateChanged(Recording recording) {
    if (recording.getState() == RecordingState.RUNNING) {
      checkDiskLimit(recording);
      recordingStarted();
    } else {
      checkSettings();
    }
  }

  private static void checkDiskLimit(Recording recording) {
    String warning = DiskLimit.warning(recording);
    if (warning != null) {
      Console.warn(warning);
    }
  }

  @Override
  public Set<String> active() {
    lock.lock();
    try {
      return pipeline == null ? Set.of() : ProbeReporter.events(pipeline.tracer());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public synchronized @Nullable String problem() {
    return lastFailure;
  }

  @Override
  public void countLosses() {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.drain();
        pipeline.reportLosses();
      }
    } catch (Throwable e) {
      giveUp(e);
    } finally {
      lock.unlock();
    }
  }

  /** On any thread: what recordings want may have changed. */
  private void checkSettings() {
    settingsChanged = true;
    lock.lock();
    try {
      wakeDrainer();
    } finally {
      lock.unlock();
    }
  }

  /** Under the lock: a drainer that has ended is no longer known. */
  private void wakeDrainer() {
    Drainer ready = drainer;
    if (ready != null) {
      ready.epoll.wakeUp();
    }
  }

  /** On the thread that starts a recording, so that the recording misses nothing that follows. */
  private void recordingStarted() {
    try {
      Requested requested = settings().read();
      lock.lock();
      try {
        refused = hopeless || stopped;
        follow(requested);
      } finally {
        lock.unlock();
      }
      checkSettings();
    } catch (Throwable e) {
      // whatever it is must not become the application's
      fail(e);
    }
  }

  private synchronized RecordingSettings settings() {
    RecordingSettings known = settings;
    if (known == null) {
      Architecture.current(); // refuses other systems before anything of theirs is touched
      known = new RecordingSettings(Console::warn);
      KernelSettings.setOnChange(this::checkSettings);
      FlightRecorder.addPeriodicEvent(DrainEvent.class, chunkEnds);
      FlightRecorder.addPeriodicEvent(ProbeEvent.class, chunkBegins);
      FlightRecorder.addPeriodicEvent(SyscallStatisticsEvent.class, statisticsDue);
      settings = known;
    }
    return known;
  }

  /** Traces what is requested, and nothing else. Under the lock. */
  private void follow(Requested requested) throws KernelException {
    Pipeline attached = pipeline;
    if (refused) {
      return;
    }
    try {
      // also with nothing to attach: its thread sees when a running recording's settings change
      Drainer ready = drainer();
      if (requested.wanted().isNothing()) {
        if (attached != null) {
          attached.drain();
          attached.reportLosses();
          attached.reportWork();
          detach();
        }
        return;
      }
      if (attached == null) {
        attached = Pipeline.open(options.tracing(), ready.tid, ready.epoll, ready.threads);
        pipeline = attached;
      }
      boolean known = requested.wanted().equals(attached.tracer().wanted());
      attached.follow(requested);
      if (!known) {
        ProbeReporter.report(attached.tracer());
      }
    } catch (NoHookException e) {
      ProbeReporter.report(e);
      if (attached != null && attached.seesAnything()) {
        warnOnce(Diagnosis.of(e).textOfPart());
      } else {
        refused = true;
        detach();
        fail(e);
      }
    } catch (KernelException | IOException | RuntimeException | LinkageError e) {
      refused = true;
      // a class that could not be initialised never can
      hopeless = e instanceof LinkageError;
      detach();
      fail(e);
    }
  }

  private void detach() {
    Pipeline attached = pipeline;
    pipeline = null;
    if (attached != null) {
      attached.close();
    }
  }

  private Drainer drainer() throws KernelException {
    Drainer ready = drainer;
    if (ready == null) {
      Epoll epoll = new Epoll();
      CompletableFuture<Integer> tid = new CompletableFuture<>();
      JavaThreads threads =
          JavaThreads.of(instrumentation, options.virtualThreads(), epoll::wakeUp);
      threads.whyUnknown().ifPresent(why -> Console.warn("no Java threads: " + why));
      // a starting JVM refuses for now, but all is linked for the moment that it does not
      threads.listen();
      Thread thread =
          new Thread(
              () -> {
                // a buffer that nobody empties in time loses events; emptying it takes little time
                CurrentProcess.setNice(DRAINER_NICE);
                tid.complete(CurrentProcess.threadId());
                try (epoll;
                    threads) {
                  drainUntilStopped(epoll, threads);
                }
              },
              "Kernel Flight Recorder");
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      thread.start();
      ready = new Drainer(thread, epoll, tid.join(), threads);
      drainer = ready;
    }
    return ready;
  }

  private void drainUntilStopped(Epoll epoll, JavaThreads threads) {
    long housekept = System.nanoTime();
    boolean recordingRuns = true;
    boolean followsVirtualThreads = false;
    int startingRounds = 0;
    while (!stopped) {
      try {
        boolean attached = pipeline != null;
        if (attached && startingRounds < MOST_STARTING_ROUNDS && !threads.listen()) {
          // nothing else now: until the JVM tells of starts, threads may come and go unknown
          startingRounds++;
          Thread.sleep(STARTING_MILLIS);
          continue;
        }
        epoll.await(attached ? FLUSH_MILLIS : recordingRuns ? HOUSEKEEPING_MILLIS : FOREVER);
        drainNow();
        if (!followsVirtualThreads && threads.sawCarrier()) {
          followsVirtualThreads = true;
          followVirtualThreads(threads);
        }
        boolean due = System.nanoTime() - housekept > HOUSEKEEPING_MILLIS * 1_000_000L;
        if (!attached || due || settingsChanged) {
          housekept = System.nanoTime();
          settingsChanged = false;
          recordingRuns = RecordingSettings.anyRecordingRuns();
          keepUp(recordingRuns ? settings().read() : Requested.NOTHING);
        }
      } catch (Throwable e) {
        giveUp(e);
        // whatever failed may fail again at once, and must not take a CPU from the application
        LockSupport.parkNanos(HOUSEKEEPING_MILLIS * 1_000_000L);
      }
    }
  }

  /** Once there are any: most applications have none, and finding out about them is not free. */
  private void followVirtualThreads(JavaThreads threads) {
    String failure = "virtual threads appear as the threads that carry them: ";
    if (!threads.tellsVirtualThreads()) {
      Console.warn(failure + "this JVM does not tell which of them runs; JDK 24 or newer does");
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              CurrentProcess.setNice(BACKGROUND_NICE);
              try {
                AdviceLoader.installVirtualThreadAdvice(
                    instrumentation, changed -> threads.virtualThreads().changed((Thread) changed));
                threads.virtualThreads().expectNews();
              } catch (Throwable e) {
                Console.warn(failure + "this JVM's class of them cannot be changed: " + e);
              }
            },
            "Kernel Flight Recorder: virtual threads");
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    thread.start();
  }

  private void drainNow() throws KernelException {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.drainOften();
      }
    } finally {
      lock.unlock();
    }
  }

  private void keepUp(Requested requested) throws KernelException {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.followCpus();
        pipeline.reportLosses();
      }
      follow(requested);
    } finally {
      lock.unlock();
    }
  }

  /** On the thread that ends the chunk: all that happened before belongs into it. */
  private void chunkEnds() {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.endChunk();
      }
    } catch (Throwable e) {
      giveUp(e);
    } finally {
      lock.unlock();
    }
  }

  private void chunkBegins() {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.beginChunk();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Once in each period of the statistics, and for the rest of it when a chunk ends. */
  private void statisticsDue() {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.commitStatistics();
      }
    } catch (Throwable e) {
      giveUp(e);
    } finally {
      lock.unlock();
    }
  }

  /** Detaches for good, or until the next recording starts; the application goes on. */
  private void giveUp(Throwable e) {
    lock.lock();
    try {
      refused = true;
      detach();
    } finally {
      lock.unlock();
    }
    fail(e);
  }

  private void fail(Throwable e) {
    warnOnce(Diagnosis.of(e).text(false));
  }

  /** Says a failure once. */
  private void warnOnce(String message) {
    synchronized (this) {
      if (message.equals(lastFailure)) {
        return;
      }
      lastFailure = message;
    }
    Console.warn(message);
  }
}
