package dev.kernelflight.agent.recording;

import dev.kernelflight.agent.settings.PathFilter;
import java.util.Set;

/**
 * Which events are wanted. All conditions must hold; one about something that an event does not
 * have leaves that event out. Immutable.
 *
 * @param kinds of events
 * @param threads prefixes or globs of names, or ids
 * @param paths of opens
 * @param errorsOnly only what failed
 * @param threshold least duration in nanoseconds; 0 for all, also those without one
 * @param from nanoseconds since the epoch
 * @param to the same, not included
 */
public record EventFilter(
    Set<EventKind> kinds,
    PathFilter threads,
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
        && acceptsThread(event);
  }

  private boolean acceptsPath(KernelEvent event) {
    if (paths.equals(PathFilter.ALL)) {
      return true;
    }
    String path = event.path();
    return path != null && paths.accepts(path);
  }

  private boolean acceptsThread(KernelEvent event) {
    return threads.equals(PathFilter.ALL)
        || threads.accepts(event.thread())
        || threads.accepts(Integer.toString(event.osThreadId()));
  }
}
