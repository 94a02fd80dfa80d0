package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.sys.PerfEvent.SampleClock;
import java.util.List;

/**
 * A way to see one kind of event: the attachments that are needed together.
 *
 * @param target the kernel functions, tracepoints or counters, for people
 * @param attachments in the order in which they are made
 */
public record Hook(HookKind kind, String target, List<Attachment> attachments) {

  /** One program at one place. */
  public sealed interface Attachment {
    /** The program's name in the object file. */
    String program();

    /**
     * Whether a call is missing where the kernel skips the program: not at a function's return,
     * since that a call did not return is told by the programs.
     */
    default boolean seesCalls() {
      return true;
    }

    /**
     * An fentry or fexit program at a kernel function.
     *
     * @param parameters how many the program expects the function to have
     */
    record Trampoline(String program, String function, boolean atReturn, int parameters)
        implements Attachment {
      @Override
      public boolean seesCalls() {
        return !atReturn;
      }
    }

    /**
     * A program at a kernel function's entry or return.
     *
     * @param optional whether the hook is complete without it: not every kernel has the function
     */
    record Kprobe(String program, String function, boolean atReturn, boolean optional)
        implements Attachment {
      @Override
      public boolean seesCalls() {
        return !atReturn;
      }
    }

    /**
     * A program at a kernel function's entry, by way of the kernel's function tracer; needs no perf
     * events.
     */
    record KprobeMulti(String program, String function) implements Attachment {}

    /** A program at a tracepoint, without the kernel's formatting of its arguments. */
    record RawTracepoint(String program, String tracepoint) implements Attachment {}

    /** A program that does nothing: it keeps the tracepoint on, whose functions others hook. */
    record TracepointSwitch(String program, String tracepoint) implements Attachment {
      @Override
      public boolean seesCalls() {
        return false;
      }
    }

    /**
     * A program at a tracepoint by way of a perf event.
     *
     * @param tracepoint its category and name, such as {@code sched/sched_process_exit}
     */
    record ClassicTracepoint(String program, String tracepoint) implements Attachment {}

    /**
     * A program that interrupts each CPU at a frequency; the only attachment of its hook.
     *
     * @param frequency in Hz
     */
    record Sampling(String program, SampleClock clock, int frequency) implements Attachment {}
  }

  @Override
  public String toString() {
    return kind + " " + target;
  }
}
