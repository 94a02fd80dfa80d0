package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.SettingDefinition;
import jdk.jfr.StackTrace;
import jdk.jfr.internal.RemoveFields;
import org.jspecify.annotations.Nullable;

/**
 * A file open, successful or not, with the kernel's own time. An instance may be used again once it
 * is committed; not thread-safe.
 */
@Name(FileOpenEvent.NAME)
@Label("Kernel File Open")
@Category("Kernel")
@Description("A file open (open, openat, openat2, creat) as the kernel did it")
@StackTrace(false)
@RemoveFields("eventThread")
@SuppressWarnings("UnusedVariable") // JFR finds the settings by their controls
public final class FileOpenEvent extends FailingCallEvent {
  /** The event's name in JFR. */
  public static final String NAME = "kernel.FileOpen";

  private static final EventTime TIME = EventTime.of(FileOpenEvent.class);

  /** The Java thread that made the call, or null where it was none. */
  @Name("eventThread")
  @Label("Event Thread")
  @Description("Thread that made the call; missing for threads of the JVM itself")
  public @Nullable Thread thread;

  /** The path as it was when the call returned; invalid UTF-8 as {@code \xHH}. */
  @Label("Path")
  @Description(
      "Path that the call was given, as it was in memory when the call returned; bytes that are not"
          + " UTF-8 as \\xHH; … behind the first 4,095 bytes of one that is too long")
  public @Nullable String path;

  /** Flags as in C. */
  @Label("Flags")
  @Description("Flags as in C, such as O_WRONLY|O_CREAT; O_LARGEFILE is left out")
  public @Nullable String flags;

  /** Permission bits in octal, or null where the call could not create a file. */
  @Label("Mode")
  @Description("Permission bits for a new file, in octal; missing where none could be created")
  public @Nullable String mode;

  /** The directory that a relative path starts from. */
  @Label("Directory Descriptor")
  @Description(
      "What a relative path starts from: a file descriptor, or -100 (AT_FDCWD) for the working"
          + " directory")
  public int directoryFd;

  /** The new file descriptor, or -1. */
  @Label("File Descriptor")
  @Description("The new file descriptor, or -1 if the call failed")
  public int fd;

  /** The errno's name, or null. */
  @Label("Error")
  @Description("Name of the errno if the call failed, such as ENOENT")
  public @Nullable String errno;

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
  @Name(KernelSettings.PATH)
  @Label("Path")
  @Description(
      "Prefixes (/etc/) or globs (/var/**/*.log) of the paths to record, separated by commas;"
          + " empty for all")
  boolean path(KernelSettings.PathControl control) {
    return true;
  }

  /**
   * Sets when the call was made, in ticks of {@link TickClock}. Where this JVM's JFR does not allow
   * it, the event keeps the time of its commit.
   */
  public void setTime(long start, long duration) {
    TIME.set(this, start, duration);
  }
}
