package dev.kernelflight.agent;

import dev.kernelflight.agent.enrich.JavaThreads;
import dev.kernelflight.agent.enrich.ThreadDirectory;
import dev.kernelflight.agent.settings.WantedEvents;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.AttachedHook;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.ProbeEvent;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
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
final class Recorder implements FlightRecorderListener {
  /** How long a record waits at most, unless its buffer is half full before. */
  private static final int FLUSH_MILLIS = 50;

  private static final int HOUSEKEEPING_MILLIS = 1000;

  /** While the JVM is not ready to tell of threads that start. */
  private static final int STARTING_MILLIS = 1;

  private static final int FOREVER = -1;

  private final AgentOptions options;
  private final Instrumentation instrumentation;
  private final ReentrantLock lock = new ReentrantLock();

  private @Nullable WantedEvents wanted;
  private volatile @Nullable Drainer drainer;
  private volatile @Nullable Pipeline pipeline;
  private @Nullable String lastFailure;
  private boolean refused;

  /** What failed cannot succeed at the next recording either. */
  private boolean hopeless;

  private long reportedRecords;
  private long reportedBusyNanos;

  Recorder(AgentOptions options, Instrumentation instrumentation) {
    this.options = options;
    this.instrumentation = instrumentation;
  }

  /** The daemon thread and what it waits on; made when the first recording wants an event. */
  private record Drainer(Epoll epoll, int tid, ThreadDirectory threads) {}

  /** Begins to follow JFR's recordings, those that run already among them. */
  void start() {
    FlightRecorder.addListener(this);
    if (FlightRecorder.isInitialized() && WantedEvents.anyRecordingRuns()) {
      recordingStarted();
    }
  }

  /** Attaches and detaches at once, to see whether it can be done. */
  void tryOnce() throws NoHookException, KernelException, IOException {
    lock.lock();
    try {
      Drainer ready = drainer();
      Pipeline.open(options.tracing(), ready.tid, ready.epoll, ready.threads).close();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void recordingStateChanged(Recording recording) {
    if (recording.getState() == RecordingState.RUNNING) {
      recordingStarted();
    } else {
      Drainer ready = drainer;
      if (ready != null) {
        ready.epoll.wakeUp();
      }
    }
  }

  /** On the thread that starts a recording, so that the recording misses nothing that follows. */
  private void recordingStarted() {
    try {
      boolean attach = wanted().fileOpens();
      lock.lock();
      try {
        refused = hopeless;
        follow(attach);
      } finally {
        lock.unlock();
      }
      Drainer ready = drainer;
      if (ready != null) {
        ready.epoll.wakeUp();
      }
    } catch (Throwable e) {
      // whatever it is must not become the application's
      fail(e);
    }
  }

  private WantedEvents wanted() {
    synchronized (this) {
      WantedEvents events = wanted;
      if (events == null) {
        events = new WantedEvents();
        FlightRecorder.addPeriodicEvent(DrainEvent.class, this::chunkEnds);
        FlightRecorder.addPeriodicEvent(ProbeEvent.class, this::chunkBegins);
        wanted = events;
      }
      return events;
    }
  }

  /** Makes the probes be there, or not. Under the lock. */
  private void follow(boolean attach) throws KernelException {
    Pipeline attached = pipeline;
    if (attached == null && !refused) {
      try {
        // also with nothing to attach: its thread sees when a running recording's settings change
        Drainer ready = drainer();
        if (attach) {
          attached = Pipeline.open(options.tracing(), ready.tid, ready.epoll, ready.threads);
          pipeline = attached;
          probeEvent(attached).commit();
        }
      } catch (NoHookException e) {
        refused = true;
        probeEvent(e.refusals()).commit();
        fail(e);
      } catch (KernelException | IOException | RuntimeException | LinkageError e) {
        refused = true;
        // a class that could not be initialised never can
        hopeless = e instanceof LinkageError;
        fail(e);
      }
    } else if (!attach && attached != null) {
      attached.drain();
      attached.housekeep();
      detach();
    }
  }

  private void detach() {
    Pipeline attached = pipeline;
    pipeline = null;
    if (attached != null) {
      drainEvent(attached).commit();
      reportedRecords = 0;
      reportedBusyNanos = 0;
      attached.close();
    }
  }

  private Drainer drainer() throws KernelException {
    Drainer ready = drainer;
    if (ready == null) {
      Architecture.current(); // refuses other systems before anything native is touched
      Epoll epoll = new Epoll();
      CompletableFuture<Integer> tid = new CompletableFuture<>();
      JavaThreads threads = JavaThreads.of(instrumentation);
      threads.whyUnknown().ifPresent(why -> Console.warn("no Java threads: " + why));
      // a JVM that is starting up refuses for now, but all is linked for the moment that it does
      // not
      threads.listen();
      Thread thread =
          new Thread(
              () -> {
                tid.complete(CurrentProcess.threadId());
                drainForever(epoll, threads);
              },
              "Kernel Flight Recorder");
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      thread.start();
      ready = new Drainer(epoll, tid.join(), threads.directory());
      drainer = ready;
    }
    return ready;
  }

  private void drainForever(Epoll epoll, JavaThreads threads) {
    long housekept = System.nanoTime();
    boolean recordingRuns = true;
    while (true) {
      try {
        boolean attached = pipeline != null;
        epoll.await(
            attached
                ? threads.listen() ? FLUSH_MILLIS : STARTING_MILLIS
                : recordingRuns ? HOUSEKEEPING_MILLIS : FOREVER);
        drainNow();
        if (!attached || System.nanoTime() - housekept > HOUSEKEEPING_MILLIS * 1_000_000L) {
          housekept = System.nanoTime();
          recordingRuns = WantedEvents.anyRecordingRuns();
          keepUp(recordingRuns && wanted().fileOpens());
        }
      } catch (Throwable e) {
        giveUp(e);
      }
    }
  }

  private void drainNow() {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.drain();
      }
    } finally {
      lock.unlock();
    }
  }

  private void keepUp(boolean attach) throws KernelException {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.housekeep();
      }
      follow(attach);
    } finally {
      lock.unlock();
    }
  }

  /** On the thread that ends the chunk: all that happened before belongs into it. */
  private void chunkEnds() {
    lock.lock();
    try {
      if (pipeline != null) {
        pipeline.drain();
        pipeline.housekeep();
        drainEvent(pipeline).commit();
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
        probeEvent(pipeline).commit();
      }
    } finally {
      lock.unlock();
    }
  }

  private DrainEvent drainEvent(Pipeline attached) {
    DrainEvent event = new DrainEvent();
    event.records = attached.records() - reportedRecords;
    event.busyTime = attached.busyNanos() - reportedBusyNanos;
    reportedRecords = attached.records();
    reportedBusyNanos = attached.busyNanos();
    return event;
  }

  private static ProbeEvent probeEvent(Pipeline attached) {
    AttachedHook hook = attached.tracer().fileOpens();
    ProbeEvent event = probeEvent(hook.refusals());
    event.hook = hook.hook().kind().toString();
    event.target = hook.hook().target();
    event.buffer = attached.tracer().transport().description();
    return event;
  }

  private static ProbeEvent probeEvent(Collection<Refusal> refusals) {
    ProbeEvent event = new ProbeEvent();
    event.event = FileOpenEvent.NAME;
    event.hook = "none";
    event.kernelVersion = System.getProperty("os.version");
    event.refused =
        refusals.isEmpty()
            ? null
            : refusals.stream().map(Refusal::toString).collect(Collectors.joining("\n"));
    return event;
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

  /** Says a failure once. */
  private void fail(Throwable e) {
    String message = Diagnosis.of(e).text(false);
    synchronized (this) {
      if (message.equals(lastFailure)) {
        return;
      }
      lastFailure = message;
    }
    Console.warn(message);
  }
}
