package dev.kernelflight.agent.recording;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.bpf.source.PathFilter;
import java.util.Set;

/**
 * Which events are wanted. All conditions must hold; one about something that an event does not
 * have leaves that event out. Immutable.
 *
 * @param kinds of events
 * @param threads of events
 * @param names of these threads
 * @param paths of opens
 * @param errorsOnly only what failed
 * @param threshold least duration in nanoseconds; 0 for all, also those without one
 * @param from nanoseconds since the epoch
 * @param to the same, not included
 */
public record EventFilter(
    Set<Kind> kinds,
    ThreadFilter threads,
    ThreadNames names,
    PathFilter paths,
    boolean errorsOnly,
    long threshold,
    long from,
    long to) {

  /** Whether an event is wanted. */
  public boolean accepts(KernelEvent event) {
    return kinds.contains(event.kind())
        && event.start() >= from
        && event.start() < to
        && (threshold == 0 || event.duration() >= threshold)
        && (!errorsOnly || event.failed())
        && acceptsPath(event)
        && threads.accepts(event.osThreadId(), names.of(event));
  }

  private boolean acceptsPath(KernelEvent event) {
    if (paths.equals(PathFilter.ALL)) {
      return true;
    }
    String path = event.kind().equals(Kinds.OPENS) ? event.text("path") : null;
    return path != null && paths.accepts(path);
  }
}
