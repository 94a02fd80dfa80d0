package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.SettingDefinition;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import jdk.jfr.internal.RemoveFields;
import org.jspecify.annotations.Nullable;

/** All calls of one kind in a period, counted in the kernel. */
@Name(SyscallStatisticsEvent.NAME)
@Label("System Call Statistics")
@Category("Kernel")
@Description(
    "Count and times of all calls of one kind since the last such event; exact also where events are"
        + " lost")
@StackTrace(false)
@Period(SyscallStatisticsEvent.DEFAULT_PERIOD)
@RemoveFields("eventThread")
@SuppressWarnings("UnusedVariable") // JFR finds the settings by their controls
public final class SyscallStatisticsEvent extends Event {
  /** The event's name in JFR. */
  public static final String NAME = "kernel.SyscallStatistics";

  /** How often it is emitted. */
  public static final String DEFAULT_PERIOD = "10 s";

  /** The thread, if the setting byThread is on and it is a Java thread. */
  @Name("eventThread")
  @Label("Event Thread")
  @Description("Thread that made the calls, with the setting byThread")
  public @Nullable Thread thread;

  /** The call's name. */
  @Label("Name")
  @Description("Name of the call, such as fsync")
  public @Nullable String name;

  /** Calls that returned in the period. */
  @Label("Count")
  @Description("Calls that returned in the period")
  public long count;

  /** Those that failed. */
  @Label("Errors")
  @Description("Calls that failed")
  public long errors;

  /** Their time. */
  @Label("Total Time")
  @Description("Time of all calls together; of several threads it may be longer than the period")
  @Timespan(Timespan.NANOSECONDS)
  public long total;

  /** Total by count. */
  @Label("Mean Time")
  @Description("Total time by count")
  @Timespan(Timespan.NANOSECONDS)
  public long mean;

  /** From the histogram. */
  @Label("Median Time")
  @Description("Half of the calls took no longer; interpolated in a histogram of powers of two")
  @Timespan(Timespan.NANOSECONDS)
  public long p50;

  /** From the histogram. */
  @Label("90th Percentile")
  @Description("Of 100 calls 90 took no longer; interpolated like the median")
  @Timespan(Timespan.NANOSECONDS)
  public long p90;

  /** From the histogram. */
  @Label("99th Percentile")
  @Description("Of 100 calls 99 took no longer; interpolated like the median")
  @Timespan(Timespan.NANOSECONDS)
  public long p99;

  /** The longest. */
  @Label("Longest Time")
  @Description("Time of the longest call")
  @Timespan(Timespan.NANOSECONDS)
  public long max;

  /** The kernel's id of the thread, or 0. */
  @Label("OS Thread Id")
  @Description("Id of the thread with the setting byThread, else 0")
  public int osThreadId;

  @SettingDefinition
  @Name(KernelSettings.BY_THREAD)
  @Label("By Thread")
  @Description("Each thread for itself instead of all together")
  boolean byThread(KernelSettings.FlagControl control) {
    return true;
  }
}
