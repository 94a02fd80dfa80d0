package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/**
 * Calls that should be in the recording and are not, since the last such event of the same kind.
 */
@Name(EventsLostEvent.NAME)
@Label("Kernel Events Lost")
@Category("Kernel")
@Description("Events that are missing from the recording, noticed at this time")
@StackTrace(false)
public final class EventsLostEvent extends Event {
  /** The name of the event type. */
  public static final String NAME = "kernel.EventsLost";

  /** Stands for a number that nobody counted. */
  public static final long UNKNOWN = -1;

  /** The CPU whose buffer it was, or -1. */
  @Label("CPU")
  @Description("CPU that the calls ended on; -1 where that is not known")
  public int cpu;

  /** How many, or {@link #UNKNOWN}. */
  @Label("Lost Events")
  @Description(
      "Events lost since the last report of the same CPU and reason; -1 where nobody counted: all of"
          + " this event's duration")
  public long count;

  /** Why, and what helps. */
  @Label("Reason")
  @Description("Why they were lost, and what helps")
  public @Nullable String reason;
}
