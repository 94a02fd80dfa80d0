package dev.kernelflight.agent.recording;

import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.SyscallEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a kernel event tells of; in lower case the names are those of the command line. */
public enum EventKind {
  /** A file open. */
  OPENS(FileOpenEvent.NAME, "opens"),
  /** A system call. */
  SYSCALLS(SyscallEvent.NAME, "system calls"),
  /** All calls of one kind in a period. */
  STATISTICS(SyscallStatisticsEvent.NAME, "statistics"),
  /** A CPU sample. */
  SAMPLES("kernel.CpuSample", "CPU samples"),
  /** Events that are missing. */
  LOST("kernel.EventsLost", "reports of loss"),
  /** The hook behind an event. */
  PROBE("kernel.Probe", "probes");

  private final String eventName;
  private final String plural;

  EventKind(String eventName, String plural) {
    this.eventName = eventName;
    this.plural = plural;
  }

  /** The kind of a JFR event type, or null if it is none of these. */
  public static @Nullable EventKind of(String eventName) {
    for (EventKind kind : values()) {
      if (kind.eventName.equals(eventName)) {
        return kind;
      }
    }
    return null;
  }

  /** Name of the JFR event. */
  public String eventName() {
    return eventName;
  }

  /** For "23 opens". */
  public String plural() {
    return plural;
  }

  /** Whether each event is one call of one thread. */
  public boolean isCall() {
    return this == OPENS || this == SYSCALLS;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
