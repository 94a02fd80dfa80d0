package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * The agent's own work for a chunk of the recording. Its period is what makes JFR ask for the last
 * records before it ends a chunk.
 */
@Name(DrainEvent.NAME)
@Label("Kernel Events Drained")
@Category("Kernel")
@Description(
    "The agent's own work since the last chunk; while it is off, the last events before a chunk's"
        + " end may be missing")
@StackTrace(false)
@Period("endChunk")
public final class DrainEvent extends Event {
  /** The name of the event type. */
  public static final String NAME = "kernel.Drain";

  /** Records taken from the buffers. */
  @Label("Records")
  @Description("Records that the agent took from the kernel's buffers")
  public long records;

  /** Time spent on them, in nanoseconds. */
  @Label("Busy Time")
  @Description("Time that the agent spent on decoding and committing them")
  @Timespan(Timespan.NANOSECONDS)
  public long busyTime;

  /** Calls that the programs left out. */
  @Label("Filtered by Kernel")
  @Description(
      "Calls of a kind that a recording wants that the kernel left out: too short, without error, or"
          + " of another path")
  public long filteredByKernel;

  /** Records that the agent left out. */
  @Label("Filtered by Agent")
  @Description("Records that the agent took and left out, because only it can compare globs")
  public long filteredByAgent;
}
