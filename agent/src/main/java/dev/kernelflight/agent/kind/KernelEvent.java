package dev.kernelflight.agent.kind;

import java.time.Instant;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One kernel event, of a recording or live: its fields, by their names in JFR. Its kind has the
 * words. Immutable.
 */
public interface KernelEvent {
  /** What it tells of. */
  Kind kind();

  /** Nanoseconds since the epoch. */
  long start();

  /** Nanoseconds, or -1 for what takes no time. */
  long duration();

  /** The process, or 0 where all are of one. */
  default int pid() {
    return 0;
  }

  /** The kernel's id of the thread, or 0. */
  int osThreadId();

  /** The Java thread's name, or the kernel's; empty where no thread is meant. */
  String thread();

  /** The Java thread's id, which virtual threads have each for itself, or 0. */
  default long javaThreadId() {
    return 0;
  }

  /** A text field, or null. */
  @Nullable String text(String field);

  /** A number, timespans in nanoseconds; 0 where there is none. */
  long number(String field);

  /** All fields that have a value: String, Number, Boolean, Instant, or a list of them. */
  void forEachField(BiConsumer<String, Object> consumer);

  /** The same as {@link #start}. */
  default Instant time() {
    return Instant.ofEpochSecond(
        Math.floorDiv(start(), 1_000_000_000L), Math.floorMod(start(), 1_000_000_000L));
  }

  /** What happened, in a line. */
  default String what() {
    return kind().what(this);
  }

  /** What came of it. */
  default String result() {
    return kind().result(this);
  }

  /** Name of the errno of a call that failed, or null. */
  default @Nullable String errno() {
    return text("errno");
  }

  /** Whether it is of a call that failed, or of calls some of which did. */
  default boolean failed() {
    return errno() != null || number("errors") > 0;
  }
}
