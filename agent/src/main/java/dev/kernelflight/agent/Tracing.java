package dev.kernelflight.agent;

import dev.kernelflight.agent.jfr.OutageReporter;
import dev.kernelflight.agent.jfr.OutageReporter.Missing;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is traced for the recordings of this JVM, and what they want and do not get: tried again
 * where that may help, told in the recordings, and said once on standard error. One thread at a
 * time, guarded by its owner.
 */
final class Tracing {
  private static final int MOST_REMEMBERED = 100;

  private final Attempt<?> preparation;
  private final Attempt<Pipeline> opening;
  private final OutageReporter outages = new OutageReporter();
  private final Set<String> said = new HashSet<>();
  private @Nullable Pipeline pipeline;

  /** What keeps it from tracing until the next recording starts: what failed, and may not pass. */
  private @Nullable Throwable refusal;

  private @Nullable String problem;

  /** Makes what may be refused, or be short. */
  @FunctionalInterface
  interface Attempt<T> {
    T make() throws KernelException, IOException;
  }

  /**
   * @param preparation of the agent's thread, which also sees when settings change
   * @param opening of what attaches
   */
  Tracing(Attempt<?> preparation, Attempt<Pipeline> opening) {
    this.preparation = preparation;
    this.opening = opening;
  }

  /** What is under way, or null while nothing is attached. */
  @Nullable Pipeline pipeline() {
    return pipeline;
  }

  /** Names of the events that have a hook. */
  Set<String> events() {
    return pipeline == null ? Set.of() : pipeline.events();
  }

  /** Why some of what recordings want is not traced, if that is so. */
  @Nullable String problem() {
    return problem;
  }

  /** A recording starts: what was refused may have been allowed since. */
  void recordingStarts() {
    if (!(refusal instanceof LinkageError)) {
      // a class that could not be initialised never can
      refusal = null;
    }
  }

  /**
   * Traces what the recordings want, and nothing else, and tells what of it cannot be.
   *
   * @param demand of the recordings, or null where that could not be read
   * @param unread why it could not
   */
  void follow(@Nullable Demand demand, @Nullable Throwable unread) {
    boolean wasMissing = !outages.isEmpty();
    Throwable failure = unread == null ? refusal : unread;
    if (failure == null && demand != null) {
      try {
        trace(demand);
      } catch (Throwable e) {
        failure = e;
        giveUp(e);
      }
    }
    Pipeline attached = pipeline;
    Map<String, Missing> missing = Map.of();
    if (attached != null) {
      missing = attached.missing();
      attached.limits().forEach(this::warnOnce);
    } else if (failure != null) {
      String reason = Shortage.reason(failure);
      String advice = Diagnosis.of(failure).advice();
      missing =
          demand == null
              ? MissingEvents.byDefault(reason, advice)
              : MissingEvents.all(demand, reason, advice);
    }
    problem = failure == null ? null : Shortage.message(failure, attached != null);
    boolean news = outages.update(missing);
    if (news && problem != null) {
      warnOnce(problem);
    } else if (wasMissing && missing.isEmpty() && attached != null) {
      said.clear();
      Console.warn("all kernel events are recorded again; recordings tell what is missing");
    }
  }

  private void trace(Demand demand) throws NoHookException, KernelException, IOException {
    preparation.make();
    Pipeline attached = pipeline;
    if (demand.isNothing()) {
      if (attached != null) {
        attached.finish();
        detach();
      }
      return;
    }
    if (attached == null) {
      attached = opening.make();
      pipeline = attached;
    }
    attached.follow(demand);
  }

  /** Detaches where nothing is seen, or where what failed leaves it unclear what is. */
  private void giveUp(Throwable failure) {
    Pipeline attached = pipeline;
    boolean passes = Shortage.mayPass(failure);
    boolean goesOn = failure instanceof NoHookException || passes;
    if (attached == null || attached.events().isEmpty() || !goesOn) {
      refusal = passes ? null : failure;
      detach();
    }
  }

  private void detach() {
    Pipeline attached = pipeline;
    pipeline = null;
    if (attached != null) {
      attached.close();
    }
  }

  /** JFR is about to end a chunk. */
  void chunkEnds() {
    outages.chunkEnds();
  }

  /** JFR has begun a chunk. */
  void chunkBegins() {
    outages.chunkBegins();
  }

  /** Ends it: recordings go on without kernel events, and say so. */
  void end() {
    Pipeline attached = pipeline;
    if (attached != null) {
      outages.update(MissingEvents.all(attached.demand(), "the agent was detached", ""));
      outages.chunkEnds();
    }
    detach();
  }

  /** Says something on standard error, unless that was said before. */
  void warnOnce(String message) {
    if (said.size() > MOST_REMEMBERED) {
      said.clear();
    }
    if (said.add(message)) {
      Console.warn(message);
    }
  }
}
