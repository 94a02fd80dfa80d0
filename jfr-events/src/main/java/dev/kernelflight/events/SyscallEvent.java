package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.SettingDefinition;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.internal.RemoveFields;
import org.jspecify.annotations.Nullable;

/**
 * A system call with the kernel's own time. An instance may be used again once it is committed; not
 * thread-safe.
 */
@Name(SyscallEvent.NAME)
@Label("System Call")
@Category("Kernel")
@Description("A system call that took at least the threshold")
@StackTrace(false)
@Threshold(SyscallEvent.DEFAULT_THRESHOLD)
@RemoveFields("eventThread")
@SuppressWarnings("UnusedVariable") // JFR finds the settings by their controls
public final class SyscallEvent extends FailingCallEvent {
  /** The event's name in JFR. */
  public static final String NAME = "kernel.Syscall";

  /** As that of jdk.FileRead. */
  public static final String DEFAULT_THRESHOLD = "20 ms";

  private static final EventTime TIME = EventTime.of(SyscallEvent.class);

  /** The Java thread that made the call, or null where it was none. */
  @Name("eventThread")
  @Label("Event Thread")
  @Description("Thread that made the call; missing for threads of the JVM itself")
  public @Nullable Thread thread;

  /** The call's name. */
  @Label("Name")
  @Description("Name of the call, such as fsync; syscall_N for one that is newer than the agent")
  public @Nullable String name;

  /** The call's number. */
  @Label("Number")
  @Description("Number of the call on this architecture")
  public int number;

  /** The arguments that mean something as text, or null. */
  @Label("Arguments")
  @Description(
      "Arguments of common calls as text; a descriptor's file is looked up when the event is handled")
  public @Nullable String arguments;

  /** What the call returned. */
  @Label("Result")
  @Description("What the call returned; the negative errno if it failed")
  public long result;

  /** The errno's name, or null. */
  @Label("Error")
  @Description(
      "Name of the errno if the call failed, such as ETIMEDOUT; one that begins with ERESTART if a"
          + " signal interrupted it: if the kernel then restarts it, that is an event of its own")
  public @Nullable String errno;

  /** As the call had it. */
  @Label("Argument 1")
  @Description("First argument as the call had it")
  public long argument1;

  /** As the call had it. */
  @Label("Argument 2")
  @Description("Second argument as the call had it")
  public long argument2;

  /** As the call had it. */
  @Label("Argument 3")
  @Description("Third argument as the call had it")
  public long argument3;

  /** As the call had it. */
  @Label("Argument 4")
  @Description("Fourth argument as the call had it")
  public long argument4;

  /** As the call had it. */
  @Label("Argument 5")
  @Description("Fifth argument as the call had it")
  public long argument5;

  /** As the call had it. */
  @Label("Argument 6")
  @Description("Sixth argument as the call had it")
  public long argument6;

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
  @Name(KernelSettings.SYSCALLS)
  @Label("System Calls")
  @Description(
      "Names (fsync) and groups (file, descriptor, network, process, memory, ipc, sync, signal, time,"
          + " all) to record, separated by commas; with ! those to leave out")
  boolean syscalls(KernelSettings.SyscallsControl control) {
    return true;
  }

  /** As {@link FileOpenEvent#setTime}. */
  public void setTime(long start, long duration) {
    TIME.set(this, start, duration);
  }
}
