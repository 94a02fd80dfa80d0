package dev.kernelflight.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.SettingDefinition;
import jdk.jfr.StackTrace;
import jdk.jfr.internal.RemoveFields;
import org.jspecify.annotations.Nullable;

/**
 * A signal that reached a thread. An instance may be used again once it is committed; not
 * thread-safe.
 */
@Name(SignalEvent.NAME)
@Label("Kernel Signal")
@Category("Kernel")
@Description("A signal that reached a thread, and who sent it; its duration means nothing")
@StackTrace(false)
@RemoveFields("eventThread")
@SuppressWarnings("UnusedVariable") // JFR finds the setting by its control
public final class SignalEvent extends Event {
  /** The event's name in JFR. */
  public static final String NAME = "kernel.Signal";

  /** The setting: also what the process sends to its own threads. */
  public static final String OWN = "own";

  /** Stands for a process or user that there is none. */
  public static final int NONE = -1;

  private static final EventTime TIME = EventTime.of(SignalEvent.class);

  /** The Java thread that got the signal, or null where it was none. */
  @Name("eventThread")
  @Label("Event Thread")
  @Description(
      "Thread that the signal reached; missing for threads of the JVM itself, one of which takes most"
          + " signals to the whole process")
  public @Nullable Thread thread;

  /** As in C. */
  @Label("Name")
  @Description("Name of the signal, such as SIGTERM")
  public @Nullable String name;

  /** As in C, or a number. */
  @Label("Code")
  @Description(
      "Why the signal was sent: SI_USER by kill(2), SI_TKILL to one thread, SI_QUEUE by sigqueue(3),"
          + " SI_KERNEL by the kernel, SI_TIMER by a timer; a number where it depends on the signal")
  public @Nullable String code;

  /** The sender, or {@link #NONE}. */
  @Label("Sender's Process")
  @Description(
      "Process that sent the signal, as the JVM sees it: 0 for one outside of its container; -1"
          + " where no process did")
  public int senderPid;

  /** The sender's user, or {@link #NONE}. */
  @Label("Sender's User")
  @Description(
      "User of the process that sent the signal, as the JVM sees it; -1 where no process did")
  public long senderUid;

  /** What /proc calls the sender, or null. */
  @Label("Sender's Name")
  @Description(
      "Kernel's name of the process that sent the signal; missing where it had ended before the agent"
          + " looked, a moment later")
  public @Nullable String senderName;

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
  @Name(OWN)
  @Label("Own Signals")
  @Description(
      "Record also signals that the JVM sends to its own threads, such as those by which JFR takes"
          + " samples, signals of its timers, and faults of its code, which the JVM uses as checks")
  boolean own(KernelSettings.FlagControl control) {
    return true;
  }

  /** Sets when the signal came, in ticks of {@link TickClock}; as {@link FileOpenEvent#setTime}. */
  public void setTime(long moment) {
    TIME.set(this, moment, 1);
  }
}
