package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** How one kind of kernel event is seen. */
@Name(ProbeEvent.NAME)
@Label("Kernel Probe")
@Category("Kernel")
@Description("The hook in the kernel that carries an event, and why better ones were refused")
@StackTrace(false)
@Period("beginChunk")
public final class ProbeEvent extends Event {
  /** The name of the event type. */
  public static final String NAME = "kernel.Probe";

  /** The event's name. */
  @Label("Event")
  @Description("Name of the event that the hook carries")
  public @Nullable String event;

  /** fentry, kprobe, tracepoint, perf event, or none. */
  @Label("Hook")
  @Description(
      "fentry, kprobe or tracepoint, from cheap to expensive; perf event for samples; none if all were"
          + " refused")
  public @Nullable String hook;

  /** The hooked kernel functions or tracepoints, or the counter. */
  @Label("Target")
  @Description(
      "Kernel functions or tracepoints that are hooked; for samples the clock and frequency")
  public @Nullable String target;

  /** Kind and size of the buffers. */
  @Label("Buffer")
  @Description("Kind, size and number of the buffers that the records come through")
  public @Nullable String buffer;

  /** As uname -r prints it. */
  @Label("Kernel Version")
  @Description("As uname -r prints it")
  public @Nullable String kernelVersion;

  /** One refusal a line, or null. */
  @Label("Refused")
  @Description("Hooks that were tried before, one a line, each with the kernel's answer")
  public @Nullable String refused;

  /** Since when they are their own, or why their carriers'; or null. */
  @Label("Virtual Threads")
  @Description(
      "Whose events the calls of virtual threads are: since when their own, or why their carriers';"
          + " null where no virtual thread has run, and for statistics")
  public @Nullable String virtualThreads;
}
