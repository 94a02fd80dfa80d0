package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.SettingDefinition;
import jdk.jfr.StackTrace;
import jdk.jfr.internal.RemoveFields;
import org.jspecify.annotations.Nullable;

/**
 * What a thread did at a moment at which it was on a CPU. An instance may be used again once it is
 * committed; not thread-safe.
 */
@Name(CpuSampleEvent.NAME)
@Label("Kernel CPU Sample")
@Category("Kernel")
@Description(
    "A thread that was on a CPU when that was sampled, in its own code or in the kernel; its duration"
        + " means nothing")
@Enabled(false)
@StackTrace(false)
@RemoveFields("eventThread")
@SuppressWarnings("UnusedVariable") // JFR finds the setting by its control
public final class CpuSampleEvent extends Event {
  /** The event's name in JFR. */
  public static final String NAME = "kernel.CpuSample";

  /** How often each CPU is sampled: beside the beat of what runs every 10 ms. */
  public static final String DEFAULT_FREQUENCY = "99 Hz";

  private static final EventTime TIME = EventTime.of(CpuSampleEvent.class);

  /** The Java thread that ran, or null where it was none. */
  @Name("eventThread")
  @Label("Event Thread")
  @Description("Thread that was on the CPU; missing for threads of the JVM itself")
  public @Nullable Thread thread;

  /** user or kernel. */
  @Label("Mode")
  @Description(
      "user for the process' own code, also in Java; kernel for the kernel's on its behalf")
  public @Nullable String mode;

  /** The innermost function, or null. */
  @Label("Kernel Function")
  @Description(
      "Kernel function that ran; missing in user mode and where the kernel hides its functions")
  public @Nullable String kernelFunction;

  /** One function a line, or null. */
  @Label("Kernel Stack")
  @Description("Functions of the kernel from the innermost to its entry, one a line")
  public @Nullable String kernelStack;

  /** The CPU. */
  @Label("CPU")
  @Description("CPU that was sampled")
  public int cpu;

  /** The kernel's id of the thread, as the JVM sees it. */
  @Label("OS Thread Id")
  @Description("Id of the thread in the JVM's PID namespace")
  public int osThreadId;

  /** The kernel's name of a thread that {@link #thread} does not name, or may not; else null. */
  @Label("OS Thread Name")
  @Description(
      "Kernel's name of the thread, up to 15 bytes: of one that is no Java thread; of the carrier"
          + " where the kernel could not read which virtual thread it was; and of one that may have"
          + " ended before the recording's chunk began, which then lacks its own name")
  public @Nullable String osThreadName;

  @SettingDefinition
  @Name(KernelSettings.FREQUENCY)
  @Label("Frequency")
  @Description("How often each CPU is sampled, in Hz")
  boolean frequency(KernelSettings.FrequencyControl control) {
    return true;
  }

  /**
   * Sets when the sample was taken, in ticks of {@link TickClock}; as {@link
   * FileOpenEvent#setTime}.
   */
  public void setTime(long moment) {
    TIME.set(this, moment, 1);
  }
}
