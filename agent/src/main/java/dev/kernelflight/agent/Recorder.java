package dev.kernelflight.agent;

import dev.kernelflight.agent.jfr.RecordingSettings;
import dev.kernelflight.agent.threads.JavaThreads;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.KernelSettings;
import dev.kernelflight.events.KernelTracing;
import dev.kernelflight.events.ProbeEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import org.jspecify.annotations.Nullable;

/**
 * Attaches the probes while a recording wants their events, has them drained by a {@link Drainer},
 * and detaches them when none does. What is short for a moment is tried again at each look; what
 * recordings want and do not get they are told, with the reason.
 *
 * <p>The lock guards the pipeline. Whoever holds it asks nothing of JFR's recorder, whose own lock
 * is held by the threads that end chunks and come here for the last records.
 */
final class Recorder implements FlightRecorderListener, Drainer.Duties, KernelTracing.Agent {
  private final AgentOptions options;
  private final Instrumentation instrumentation;
  private final ReentrantLock lock = new ReentrantLock();

  // JFR forgets the very objects that it was given
  private final Runnable chunkEnds = this::chunkEnds;
  private final Runnable chunkBegins = this::chunkBegins;
  private final Runnable statisticsDue = this::statisticsDue;

  private boolean followsChunks;
  private @Nullable RecordingSettings settings;
  private volatile @Nullable Drainer drainer;
  private final Tracing tracing = new Tracing(this::drainer, this::openPipeline);

  /** For whoever does not hold the lock. */
  private volatile boolean attached;

  private volatile @Nullable String problem;
  private volatile boolean stopped;

  Recorder(AgentOptions options, Instrumentation instrumentation) {
    this.options = options;
    this.instrumentation = instrumentation;
  }

  /** Begins to follow JFR's recordings, those that run already among them. */
  void start() {
    FlightRecorder.addListener(this);
    KernelTracing.setAgent(this);
    if (RecordingSettings.anyRecordingRuns()) {
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
      Drainer ready = drainer();
      return Pipeline.tryOnce(options, ready.tid(), means(ready).epoll());
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
      tracing.end();
      attached = false;
      ending = drainer;
      drainer = null;
    } finally {
      lock.unlock();
    }
    if (ending != null) {
      ending.end();
    }
  }

  @Override
  public void recordingStateChanged(Recording recording) {
    if (recording.getState() == RecordingState.RUNNING) {
      checkDiskLimit(recording);
      recordingStarted();
    } else {
      checkSettings();
      followWithoutThread();
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
      return tracing.events();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable String problem() {
    return problem;
  }

  @Override
  public void countLosses() {
    whileLocked(Pipeline::countLosses, () -> {});
  }

  /** On any thread: what recordings want may have changed. */
  private void checkSettings() {
    Drainer ready = drainer;
    if (ready != null) {
      ready.lookSoon();
    }
  }

  /** On the thread that starts a recording, so that the recording misses nothing that follows. */
  private void recordingStarted() {
    lock.lock();
    try {
      tracing.recordingStarts();
    } finally {
      lock.unlock();
    }
    follow(true);
    checkSettings();
  }

  @Override
  public boolean recordingRuns() {
    return RecordingSettings.anyRecordingRuns();
  }

  @Override
  public void keepHouse(boolean recordingRuns) {
    lock.lock();
    try {
      Pipeline pipeline = tracing.pipeline();
      if (pipeline != null) {
        pipeline.keepHouse();
      }
    } finally {
      lock.unlock();
    }
    follow(recordingRuns);
  }

  /**
   * Traces what the recordings want, and nothing else, and tells what of it cannot be. Throws
   * nothing: whatever fails must not become the application's.
   */
  private void follow(boolean recordingRuns) {
    @Nullable Demand demand = null;
    @Nullable Throwable failure = null;
    try {
      demand = recordingRuns ? settings().read() : Demand.NOTHING;
    } catch (Throwable e) {
      failure = e;
    }
    lock.lock();
    try {
      if (!stopped) {
        tracing.follow(demand, failure);
        attached = tracing.pipeline() != null;
        problem = tracing.problem();
      }
    } catch (Throwable e) {
      failed(e);
    } finally {
      lock.unlock();
    }
  }

  private Pipeline openPipeline() throws KernelException, IOException {
    Drainer ready = drainer();
    int tid = ready.tid();
    Drainer.Means means = means(ready);
    return Pipeline.open(options, tid, means.epoll(), means.threads());
  }

  private Drainer.Means means(Drainer ready) throws KernelException {
    return ready.means(() -> JavaThreads.ofThisProcess(instrumentation, Console::warn));
  }

  /** Under the lock. */
  private Drainer drainer() throws IOException {
    Drainer ready = drainer;
    if (ready == null || !ready.isAlive()) {
      Architecture.current(); // refuses other systems before anything of theirs is touched
      ready = Drainer.start(this);
      drainer = ready;
      // by then the system calls are linked, which takes a descriptor
      ready.tid();
    }
    return ready;
  }

  private synchronized RecordingSettings settings() {
    if (!followsChunks) {
      followsChunks = true;
      FlightRecorder.register(EventsLostEvent.class);
      FlightRecorder.addPeriodicEvent(DrainEvent.class, chunkEnds);
      FlightRecorder.addPeriodicEvent(ProbeEvent.class, chunkBegins);
      FlightRecorder.addPeriodicEvent(SyscallStatisticsEvent.class, statisticsDue);
    }
    RecordingSettings known = settings;
    if (known == null) {
      Architecture.current();
      known = new RecordingSettings(Console::warn, instrumentation);
      KernelSettings.setOnChange(this::checkSettings);
      settings = known;
    }
    return known;
  }

  @Override
  public boolean isAttached() {
    return attached;
  }

  @Override
  public void drain() throws KernelException {
    lock.lock();
    try {
      Pipeline pipeline = tracing.pipeline();
      if (pipeline != null) {
        pipeline.drainOften();
      }
    } finally {
      lock.unlock();
    }
  }

  /** On the thread that ends the chunk: all that happened before belongs into it. */
  private void chunkEnds() {
    whileLocked(Pipeline::endChunk, tracing::chunkEnds);
  }

  private void chunkBegins() {
    whileLocked(Pipeline::beginChunk, tracing::chunkBegins);
  }

  /** Once in each period of the statistics, and for the rest of it when a chunk ends. */
  private void statisticsDue() {
    whileLocked(Pipeline::commitStatistics, () -> {});
  }

  @FunctionalInterface
  private interface PipelineStep {
    void run(Pipeline pipeline) throws KernelException;
  }

  /** On a thread of JFR's, which needs to be told of no failure. */
  private void whileLocked(PipelineStep step, Runnable rest) {
    lock.lock();
    try {
      rest.run();
      Pipeline pipeline = tracing.pipeline();
      if (pipeline != null) {
        step.run(pipeline);
      }
    } catch (Throwable e) {
      failed(e);
    } finally {
      lock.unlock();
    }
    followWithoutThread();
  }

  /** Where the thread could not be started, nobody else looks again. */
  private void followWithoutThread() {
    Drainer ready = drainer;
    if (!stopped && (ready == null || !ready.isAlive())) {
      follow(recordingRuns());
    }
  }

  /** Something failed that is tried again: what is attached stays, and counts what is lost. */
  @Override
  public void failed(Throwable e) {
    try {
      warnOnce(Shortage.message(e, true));
    } catch (Throwable unsaid) {
      // there may be no memory for words
    }
  }

  private void warnOnce(String message) {
    lock.lock();
    try {
      tracing.warnOnce(message);
    } finally {
      lock.unlock();
    }
  }
}
