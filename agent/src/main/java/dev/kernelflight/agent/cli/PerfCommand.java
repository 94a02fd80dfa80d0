package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.AgentOptions;
import dev.kernelflight.agent.AgentOptions.BadOptionException;
import dev.kernelflight.agent.Diagnosis;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.kind.Symbols;
import dev.kernelflight.agent.live.LiveSink;
import dev.kernelflight.agent.live.PerfOutput;
import dev.kernelflight.agent.live.PerfSession;
import dev.kernelflight.agent.live.PerfSummary;
import dev.kernelflight.agent.settings.BadSettingException;
import dev.kernelflight.agent.settings.SettingValues;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.PathFilter;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.PerfEvent;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Shows kernel events of running processes as they happen. */
@Command(
    name = "perf",
    description = {
      "Shows file opens, system calls, signals and CPU samples of running processes as they happen, one a"
          + " line, and at the end how many there were, what was lost, and what there was most of."
          + " Processes of any kind, not only JVMs; nothing in them is changed.",
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:traced until the duration was over, the process ended, or Ctrl-C",
      "1:there is no such process, or the kernel does not allow it",
      "2:wrong options"
    },
    footer = {
      "",
      "Needs root, or CAP_BPF and CAP_PERFMON. Examples:",
      "  perf -d 5                         what is opened on this machine in 5 seconds",
      "  perf -p 4711 --errors             what process 4711 fails to open",
      "  perf -p 4711 -e syscalls --threshold 10ms -d 60",
      "  perf -p 4711 -F 99 -d 10          its opens, and what it does on the CPU"
    })
final class PerfCommand implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int DEFAULT_FREQUENCY = 99;

  /** Of the heap; the rest is for their lines and for the summary. */
  private static final int SHARE_FOR_EVENTS = 3;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-p", "--pid"},
      paramLabel = "PID",
      converter = ProcessId.class,
      description = "only this process (default: all but perf itself)")
  private @Nullable Integer pid;

  @Option(
      names = {"-e", "--events"},
      split = ",",
      paramLabel = "KIND",
      converter = Choice.OfLiveKind.class,
      completionCandidates = Choice.OfLiveKind.class,
      description = "which events, separated by commas: ${COMPLETION-CANDIDATES} (default: opens)")
  private Set<RecordKind<?, ?>> kinds = Set.of(Kinds.OPENS);

  @Option(
      names = {"-d", "--duration"},
      paramLabel = "SECONDS",
      converter = Seconds.class,
      defaultValue = "0",
      description = "how long, in seconds, such as 5 or 0.5; 0 until Ctrl-C (default: 0)")
  private long durationNanos;

  @Option(
      names = {"-F", "--frequency"},
      paramLabel = "HZ",
      converter = Frequency.class,
      description =
          "take CPU samples at so many Hz (times a second) on each CPU; samples are shown then, too"
              + " (default: 99 where -e names samples)")
  private @Nullable Integer frequency;

  @Option(
      names = "--threshold",
      paramLabel = "TIME",
      converter = Timespan.class,
      description = "only opens and calls that took so long at least, such as 500us or 20ms")
  private long threshold;

  @Option(
      names = "--path",
      split = ",",
      paramLabel = "PATH",
      description =
          "only opens of these paths: prefixes (/etc/) or globs (/var/**/*.log), separated by commas")
  private List<String> paths = List.of();

  @Option(names = "--errors", description = "only opens and calls that failed")
  private boolean errors;

  @Option(
      names = "--json",
      description = "one JSON object a line, the last one the summary; timespans in nanoseconds")
  private boolean json;

  @Option(
      names = "--pages",
      paramLabel = "N",
      description = "memory pages of each CPU's buffer, a power of two (default: 1024 or less)")
  private @Nullable String pages;

  @Option(
      names = "--buffer",
      paramLabel = "KIND",
      description =
          "auto: perf, or ring where the kernel refuses (default); perf: a buffer for each CPU; ring:"
              + " one BPF ring buffer")
  private @Nullable String buffer;

  @Option(
      names = "--attach",
      paramLabel = "HOOK",
      description = "how opens are seen: auto (default), fentry, kprobe or tracepoint")
  private @Nullable String attach;

  @Override
  public Integer call() {
    LocalSession.Options options = tracing();
    Set<RecordKind<?, ?>> shown = shown();
    Demand demand = demand(shown);
    Symbols symbols = new Symbols(this::warn);
    PerfSession session = null;
    int exitCode = FAILED;
    try {
      Architecture.current();
      TracedProcess process = pid == null ? null : TracedProcess.of(pid);
      if (shown.contains(Kinds.SAMPLES)) {
        // now, and not in the middle of tracing
        symbols.get();
      }
      session =
          new PerfSession(
              options,
              process == null
                  ? new LocalSession.Scope.AllProcesses()
                  : new LocalSession.Scope.OtherProcess(process.pid()),
              demand,
              durationNanos,
              () -> process == null || process.runs(),
              this::warn,
              symbols,
              new LiveSink(Runtime.getRuntime().maxMemory() / SHARE_FOR_EVENTS),
              new PerfOutput(json),
              new PerfSummary(shown));
      session.run();
      if (process != null && !process.runs()) {
        warn("process " + pid + " has ended");
      }
      exitCode = 0;
    } catch (TracedProcess.NoneException e) {
      warn(e.reason());
    } catch (NoHookException | KernelException | IOException | UnsupportedOperationException e) {
      Diagnosis diagnosis = Diagnosis.of(e);
      warn(diagnosis.problem() + "\n  what to do: " + diagnosis.advice());
    } finally {
      if (session != null) {
        session.exit(exitCode);
      }
    }
    return exitCode;
  }

  /** In the order of the catalogue. */
  private Set<RecordKind<?, ?>> shown() {
    Set<RecordKind<?, ?>> shown = new LinkedHashSet<>();
    for (RecordKind<?, ?> kind : Kinds.ofRecords()) {
      if (kinds.contains(kind) || (kind.equals(Kinds.SAMPLES) && frequency != null)) {
        shown.add(kind);
      }
    }
    return shown;
  }

  private Demand demand(Set<RecordKind<?, ?>> shown) {
    if (!paths.isEmpty() && !shown.contains(Kinds.OPENS)) {
      throw new ParameterException(
          spec.commandLine(), "--path is about opens, and -e does not name them");
    }
    if ((errors || threshold > 0) && shown.stream().noneMatch(Kind::isCall)) {
      throw new ParameterException(
          spec.commandLine(),
          "--errors and --threshold are about opens and syscalls, and -e names neither");
    }
    RecordKind.Selection selection =
        new RecordKind.Selection(
            threshold,
            errors,
            PathFilter.of(paths),
            frequency == null ? DEFAULT_FREQUENCY : frequency);
    Demand demand = Demand.NOTHING;
    for (RecordKind<?, ?> kind : shown) {
      demand = with(demand, kind, selection);
    }
    return demand;
  }

  private static <W> Demand with(
      Demand demand, RecordKind<W, ?> kind, RecordKind.Selection selection) {
    return demand.and(kind.source(), kind.wanted(selection));
  }

  /** The agent's options of the same names. */
  private LocalSession.Options tracing() {
    try {
      AgentOptions options = AgentOptions.defaults();
      if (pages != null) {
        options = options.with("pages", pages);
      }
      if (buffer != null) {
        options = options.with("buffer", buffer);
      }
      if (attach != null) {
        options = options.with("attach", attach);
      }
      return options.tracing();
    } catch (BadOptionException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void warn(String message) {
    spec.commandLine().getErr().println("perf: " + message);
    spec.commandLine().getErr().flush();
  }

  /** Reads a process id. */
  static final class ProcessId implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        int pid = Integer.parseInt(value.strip());
        if (pid > 0) {
          return pid;
        }
      } catch (NumberFormatException e) {
        // said below
      }
      throw new TypeConversionException("'" + value + "' is no process id: see ps -e");
    }
  }

  /** Reads a number of seconds as nanoseconds. */
  static final class Seconds implements ITypeConverter<Long> {
    private static final BigDecimal MOST = BigDecimal.valueOf(365L * 24 * 60 * 60);
    private static final int NANO_DIGITS = 9;

    @Override
    public Long convert(String value) {
      try {
        BigDecimal seconds = new BigDecimal(value.strip());
        if (seconds.signum() >= 0 && seconds.compareTo(MOST) <= 0) {
          long nanos = seconds.movePointRight(NANO_DIGITS).longValue();
          // a time that is too short to count is not "until Ctrl-C"
          return nanos == 0 && seconds.signum() > 0 ? 1L : nanos;
        }
      } catch (NumberFormatException e) {
        // said below
      }
      throw new TypeConversionException(
          "'"
              + value
              + "' is no number of seconds from 0 (until Ctrl-C) to "
              + MOST
              + " (a year), such as 5 or 0.5");
    }
  }

  /** Reads a frequency. */
  static final class Frequency implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        int hertz = SettingValues.frequency(value);
        int most = PerfEvent.mostSamplesPerSecond().orElse(hertz);
        if (hertz > most) {
          throw new TypeConversionException(
              "'"
                  + value
                  + "': the kernel takes at most "
                  + most
                  + " samples a second (kernel.perf_event_max_sample_rate)");
        }
        return hertz;
      } catch (BadSettingException e) {
        throw new TypeConversionException("'" + value + "': " + e.getMessage());
      }
    }
  }
}
