package dev.kernelflight.agent;

import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.sys.Cpus;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The options after {@code -javaagent:ebpf-agent.jar=}: how to attach, never what to record, which
 * JFR's settings say.
 *
 * @param tracing how to trace
 * @param virtualThreads whether to tell virtual threads from the threads that carry them
 * @param required whether the application must not start without tracing
 */
public record AgentOptions(LocalSession.Options tracing, boolean virtualThreads, boolean required) {
  static final String KNOWN =
      """
        attach=auto|fentry|kprobe|tracepoint  the hook to use; auto takes the cheapest (default)
        buffer=auto|perf|ring                 perf buffers per CPU, or one BPF ring buffer; auto takes
                                              the ring where the kernel refuses perf buffers (default)
        pages=N                               pages of 4 kB of each CPU's buffer, a power of two
                                              from 16 to 65536 (default 1024, or what makes 64 MB
                                              for all CPUs together)
        virtual-threads=true|false            show a virtual thread's calls as its own (default), or
                                              as those of the thread that carries it
        required=true|false                   refuse to start where tracing is impossible
                                              (default false: the application goes on without)\
      """;

  private static final int LEAST_PAGES = 16;
  private static final int MOST_PAGES = 65536;

  /** Options that cannot be understood; the message says which, and what is known. */
  public static final class BadOptionException extends Exception {
    private static final long serialVersionUID = 1L;

    BadOptionException(String message) {
      super(message);
    }
  }

  /** What holds where nothing is said. */
  public static AgentOptions defaults() {
    return new AgentOptions(
        new LocalSession.Options(
            Optional.empty(),
            LocalSession.Buffer.AUTO,
            LocalSession.Options.defaultPages(onlineCpus())),
        true,
        false);
  }

  /** Of the machine, not of the container: each of them has a buffer. */
  private static int onlineCpus() {
    try {
      return Cpus.online().cardinality();
    } catch (IOException e) {
      return Runtime.getRuntime().availableProcessors();
    }
  }

  /** Reads {@code name=value,name=value}. */
  public static AgentOptions parse(@Nullable String text) throws BadOptionException {
    AgentOptions options = defaults();
    if (text == null || text.isBlank()) {
      return options;
    }
    for (String option : text.split(",", -1)) {
      options = options.with(name(option), value(option));
    }
    return options;
  }

  /** Whether a text asks for {@code required=true}, however wrong it is otherwise. */
  static boolean asksForRequired(@Nullable String text) {
    boolean required = false;
    for (String option : text == null ? new String[0] : text.split(",", -1)) {
      if (name(option).equals("required")) {
        required = value(option).equals("true");
      }
    }
    return required;
  }

  private static String name(String option) {
    int equals = option.indexOf('=');
    return (equals < 0 ? option : option.substring(0, equals)).strip();
  }

  private static String value(String option) {
    int equals = option.indexOf('=');
    return equals < 0 ? "" : option.substring(equals + 1).strip();
  }

  /** With another value of an option. */
  public AgentOptions with(String name, String value) throws BadOptionException {
    return switch (name) {
      case "attach" ->
          tracing(new LocalSession.Options(hook(value), tracing.buffer(), tracing.pages()));
      case "buffer" ->
          tracing(new LocalSession.Options(tracing.attach(), buffer(value), tracing.pages()));
      case "pages" ->
          tracing(new LocalSession.Options(tracing.attach(), tracing.buffer(), pages(value)));
      case "virtual-threads" -> new AgentOptions(tracing, bool(name, value), required);
      case "required" -> new AgentOptions(tracing, virtualThreads, bool(name, value));
      default -> throw new BadOptionException("there is no option \"" + name + "\"");
    };
  }

  private AgentOptions tracing(LocalSession.Options changed) {
    return new AgentOptions(changed, virtualThreads, required);
  }

  private static Optional<HookKind> hook(String value) throws BadOptionException {
    return switch (value) {
      case "auto" -> Optional.empty();
      case "fentry" -> Optional.of(HookKind.FENTRY);
      case "kprobe" -> Optional.of(HookKind.KPROBE);
      case "tracepoint" -> Optional.of(HookKind.TRACEPOINT);
      default -> throw wrong("attach", value, "auto, fentry, kprobe or tracepoint");
    };
  }

  private static LocalSession.Buffer buffer(String value) throws BadOptionException {
    return switch (value) {
      case "auto" -> LocalSession.Buffer.AUTO;
      case "perf" -> LocalSession.Buffer.PERF;
      case "ring" -> LocalSession.Buffer.RING;
      default -> throw wrong("buffer", value, "auto, perf or ring");
    };
  }

  private static int pages(String value) throws BadOptionException {
    try {
      int pages = Integer.parseInt(value);
      if (Integer.bitCount(pages) == 1 && pages >= LEAST_PAGES && pages <= MOST_PAGES) {
        return pages;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw wrong("pages", value, "a power of two from " + LEAST_PAGES + " to " + MOST_PAGES);
  }

  private static boolean bool(String name, String value) throws BadOptionException {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(name, value, "true or false");
    };
  }

  private static BadOptionException wrong(String name, String value, String expected) {
    return new BadOptionException(
        "option " + name + "=" + value + ": " + name + " must be " + expected);
  }
}
