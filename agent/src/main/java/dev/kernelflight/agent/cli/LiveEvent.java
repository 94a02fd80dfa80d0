package dev.kernelflight.agent.cli;

import com.grack.nanojson.JsonStringWriter;
import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.recording.EventKind;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A kernel event of any process as it came, in words. Immutable. */
sealed interface LiveEvent {
  /** When it was and whose. */
  Origin origin();

  /** What it tells of. */
  EventKind kind();

  /** What happened, in a line. */
  String what();

  /** What came of it: {@code fd 3}, a number, or an errno. */
  String result();

  /** Whether it is of a call that failed. */
  default boolean failed() {
    return false;
  }

  /** Writes what only this kind has, by the names of the fields in JFR. */
  void writeFields(JsonStringWriter json);

  /**
   * When a call was made and by whom.
   *
   * @param start nanoseconds since the epoch
   * @param duration nanoseconds
   * @param pid the process
   * @param tid the thread
   * @param thread the kernel's name of it
   */
  record Origin(long start, long duration, int pid, int tid, String thread) {
    private static final long NANOS = 1_000_000_000;

    Instant time() {
      return Instant.ofEpochSecond(Math.floorDiv(start, NANOS), Math.floorMod(start, NANOS));
    }

    long end() {
      return start + duration;
    }
  }

  /** As {@code kernel.FileOpen}. */
  record Open(
      Origin origin,
      String path,
      String flags,
      @Nullable String mode,
      int directoryFd,
      int fd,
      @Nullable String errno)
      implements LiveEvent {
    @Override
    public EventKind kind() {
      return EventKind.OPENS;
    }

    @Override
    public String what() {
      return (path.isEmpty() ? "\"\"" : path) + " " + flags + (mode == null ? "" : " " + mode);
    }

    @Override
    public String result() {
      return errno == null ? "fd " + fd : errno;
    }

    @Override
    public boolean failed() {
      return errno != null;
    }

    @Override
    public void writeFields(JsonStringWriter json) {
      json.value("path", path).value("flags", flags);
      if (mode != null) {
        json.value("mode", mode);
      }
      json.value("directoryFd", directoryFd).value("fd", fd);
      if (errno != null) {
        json.value("errno", errno);
      }
    }
  }

  /** As {@code kernel.Syscall}; the arguments are text or six hexadecimal numbers. */
  record Call(
      Origin origin,
      int number,
      String name,
      String arguments,
      long returned,
      @Nullable String errno)
      implements LiveEvent {
    @Override
    public EventKind kind() {
      return EventKind.SYSCALLS;
    }

    @Override
    public String what() {
      return name + " " + arguments;
    }

    @Override
    public String result() {
      return errno == null ? Long.toString(returned) : errno;
    }

    @Override
    public boolean failed() {
      return errno != null;
    }

    @Override
    public void writeFields(JsonStringWriter json) {
      json.value("name", name)
          .value("number", number)
          .value("arguments", arguments)
          .value("result", returned);
      if (errno != null) {
        json.value("errno", errno);
      }
    }
  }

  /** As {@code kernel.CpuSample}. */
  record Sample(
      Origin origin, boolean inKernel, @Nullable String function, @Nullable String stack, int cpu)
      implements LiveEvent {
    @Override
    public EventKind kind() {
      return EventKind.SAMPLES;
    }

    String mode() {
      return inKernel ? "kernel" : "user";
    }

    @Override
    public String what() {
      return inKernel
          ? "kernel " + Objects.requireNonNullElse(stack, "[unknown]").replace("\n", " < ")
          : "user";
    }

    @Override
    public String result() {
      return "cpu " + cpu;
    }

    @Override
    public void writeFields(JsonStringWriter json) {
      json.value("mode", mode()).value("cpu", cpu);
      if (function != null) {
        json.value("kernelFunction", function);
      }
      if (stack != null) {
        json.value("kernelStack", stack);
      }
    }
  }

  /** As a line of a table. */
  default EventTable.Line line() {
    Origin origin = origin();
    return new EventTable.Line(
        origin.time(),
        origin.pid,
        origin.tid,
        origin.thread,
        what(),
        result(),
        kind().isCall() ? origin.duration : -1);
  }

  /** As a JSON object, with times in ISO 8601 and timespans in nanoseconds. */
  default String json() {
    Origin origin = origin();
    JsonStringWriter json =
        JsonWriter.string()
            .object()
            .value("type", kind().eventName())
            .value("startTime", origin.time().toString());
    if (kind().isCall()) {
      json.value("duration", origin.duration);
    }
    json.value("pid", origin.pid)
        .value("osThreadId", origin.tid)
        .value("osThreadName", origin.thread);
    writeFields(json);
    return json.end().done();
  }
}
