package dev.kernelflight.agent.recording;

import java.time.Instant;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.IItem;

/** One event of a recording, in the words of the command line. Immutable. */
public final class KernelEvent {
  private static final long NANOS = 1_000_000_000;
  private static final int ARGUMENTS = 6;

  /** Those of HotSpot's os::open and os::fopen; the JDK's classes open files without O_CLOEXEC. */
  private static final String HOTSPOTS_FLAGS = "O_RDONLY|O_CLOEXEC";

  /** Names of its Java threads, and the kernel's of those without Java. */
  private static final String JFRS_THREADS = "JFR ";

  /** For jdk.SystemProcess; HotSpot's os_perf_linux.cpp, which is there for JFR only. */
  private static final Pattern PROCESSES = Pattern.compile("/proc/\\d+/(stat|cmdline)");

  private final EventKind kind;
  private final EventFields fields;
  private final IItem item;
  private final long start;

  KernelEvent(EventKind kind, EventFields fields, IItem item) {
    this.kind = kind;
    this.fields = fields;
    this.item = item;
    start = number("startTime");
  }

  /** What it tells of. */
  public EventKind kind() {
    return kind;
  }

  /** Nanoseconds since the epoch. */
  public long start() {
    return start;
  }

  /** The same. */
  public Instant time() {
    return Instant.ofEpochSecond(Math.floorDiv(start, NANOS), Math.floorMod(start, NANOS));
  }

  /** Nanoseconds, or -1 for what takes no time. */
  public long duration() {
    return kind.isCall() ? number("duration") : -1;
  }

  /** The kernel's id of the thread, or 0. */
  public int osThreadId() {
    return (int) number("osThreadId");
  }

  /** The Java thread's name, or the kernel's of one of the VM; empty where no thread is meant. */
  public String thread() {
    IMCThread thread = javaThread();
    if (thread != null) {
      return thread.getThreadName();
    }
    String name = text("osThreadName");
    return name == null ? "" : name;
  }

  /** The Java thread's id, which virtual threads have each for itself, or 0. */
  public long javaThreadId() {
    IMCThread thread = javaThread();
    return thread == null || thread.getThreadId() == null ? 0 : thread.getThreadId();
  }

  /** For {@link EventKind#PROBE} and {@link EventKind#LOST} it is only who wrote the event. */
  private @Nullable IMCThread javaThread() {
    return kind == EventKind.PROBE || kind == EventKind.LOST ? null : fields.thread(item);
  }

  /** The path of an open, or null. */
  public @Nullable String path() {
    return kind == EventKind.OPENS ? text("path") : null;
  }

  /**
   * Whether JFR itself read a file of /proc or /sys, to fill events of its own: on a thread of its
   * own, or what nobody but JFR reads with HotSpot's flags. That is on whichever thread ends a
   * chunk, such as one that stops a recording.
   */
  public boolean isJfrsOwn() {
    String path = path();
    return path != null
        && HOTSPOTS_FLAGS.equals(text("flags"))
        && (PROCESSES.matcher(path).matches()
            || (thread().startsWith(JFRS_THREADS)
                && (path.startsWith("/proc/") || path.startsWith("/sys/"))));
  }

  /** The system call's name, or null. */
  public @Nullable String syscall() {
    return kind == EventKind.SYSCALLS || kind == EventKind.STATISTICS ? text("name") : null;
  }

  /** Name of the errno of a call that failed, or null. */
  public @Nullable String errno() {
    return text("errno");
  }

  /** Whether it is of a call that failed, or of calls some of which did. */
  public boolean failed() {
    return errno() != null || number("errors") > 0;
  }

  /** A text field by its name in JFR, or null. */
  public @Nullable String text(String field) {
    return fields.text(item, field);
  }

  /** A number by its name in JFR, timespans in nanoseconds; 0 where there is none. */
  public long number(String field) {
    return fields.number(item, field);
  }

  /**
   * All fields that have a value, by their names in JFR: String, Number, Boolean, Instant, or a
   * list of them. The Java thread is two: {@code eventThread} and {@code javaThreadId}.
   */
  public void forEachField(BiConsumer<String, Object> consumer) {
    for (String name : fields.names()) {
      Object value = fields.value(item, name);
      if (name.equals("startTime")) {
        consumer.accept(name, time());
      } else if (value instanceof IMCThread thread) {
        consumer.accept(name, thread.getThreadName());
        consumer.accept("javaThreadId", thread.getThreadId());
      } else if (value != null && !name.startsWith("(")) {
        consumer.accept(name, value);
      }
    }
  }

  /** What happened, in a line. */
  public String what() {
    return switch (kind) {
      case OPENS -> join(" ", shownPath(), text("flags"), text("mode"));
      case SYSCALLS -> join(" ", text("name"), arguments());
      case STATISTICS ->
          String.format(
              Locale.ROOT,
              "%s: %d calls, %s in all; mean %s, p99 %s, longest %s",
              text("name"),
              number("count"),
              micros("total"),
              micros("mean"),
              micros("p99"),
              micros("max"));
      case SAMPLES -> join(" ", text("mode"), stack());
      case LOST -> number("count") + " events of CPU " + number("cpu") + ": " + text("reason");
      case PROBE -> join(" ", text("event"), "by", text("hook"), text("target"), refused());
    };
  }

  /** What came of it: {@code fd 3}, a number, or an errno. */
  public String result() {
    String errno = errno();
    if (errno != null) {
      return errno;
    }
    return switch (kind) {
      case OPENS -> "fd " + number("fd");
      case SYSCALLS -> Long.toString(number("result"));
      case STATISTICS -> number("errors") + " failed";
      case SAMPLES -> "cpu " + number("cpu");
      default -> "";
    };
  }

  /** The path for people, who would not see an empty one. */
  public @Nullable String shownPath() {
    String path = path();
    return path != null && path.isEmpty() ? "\"\"" : path;
  }

  private String arguments() {
    String text = text("arguments");
    if (text != null) {
      return text;
    }
    StringBuilder numbers = new StringBuilder();
    for (int i = 1; i <= ARGUMENTS; i++) {
      numbers
          .append(i == 1 ? "" : " ")
          .append("0x")
          .append(Long.toHexString(number("argument" + i)));
    }
    return numbers.toString();
  }

  /** From the innermost function outwards. */
  private @Nullable String stack() {
    String stack = text("kernelStack");
    return stack == null ? text("kernelFunction") : stack.replace("\n", " < ");
  }

  private @Nullable String refused() {
    String refused = text("refused");
    return refused == null ? null : "(refused: " + refused.replace("\n", "; ") + ")";
  }

  private String micros(String field) {
    return String.format(Locale.ROOT, "%.1f µs", number(field) / 1000.0);
  }

  private static String join(String separator, @Nullable String... parts) {
    StringBuilder joined = new StringBuilder();
    for (String part : parts) {
      if (part != null) {
        joined.append(joined.isEmpty() ? "" : separator).append(part);
      }
    }
    return joined.toString();
  }
}
