package dev.kernelflight.agent.kind;

import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.ProbeEvent;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The catalogue of kinds: whoever does something for each of them asks here. */
public final class Kinds {
  /** Opens of files. */
  public static final FileOpenKind OPENS = new FileOpenKind();

  /** System calls. */
  public static final SyscallKind SYSCALLS = new SyscallKind();

  /** Sums of system calls. */
  public static final StatisticsKind STATISTICS = new StatisticsKind();

  /** Signals. */
  public static final SignalKind SIGNALS = new SignalKind();

  /** CPU samples. */
  public static final CpuSampleKind SAMPLES = new CpuSampleKind();

  /** Events that are missing. */
  public static final Kind LOST =
      new ReportKind(EventsLostEvent.NAME, "lost", "reports of loss", true, ReportKind::loss);

  /** The hooks behind events. */
  public static final Kind PROBE =
      new ReportKind(ProbeEvent.NAME, "probe", "probes", false, ReportKind::probe);

  private static final List<RecordKind<?, ?>> OF_RECORDS =
      List.of(OPENS, SYSCALLS, SIGNALS, SAMPLES);
  private static final List<TracedKind<?>> TRACED =
      List.of(OPENS, SYSCALLS, STATISTICS, SIGNALS, SAMPLES);
  private static final List<Kind> ALL =
      Stream.concat(TRACED.stream(), Stream.of(LOST, PROBE)).toList();

  private Kinds() {}

  /** All, in the order in which people are told of them. */
  public static List<Kind> all() {
    return ALL;
  }

  /** Those that the kernel is asked for. */
  public static List<TracedKind<?>> traced() {
    return TRACED;
  }

  /** Those of them that come as records. */
  public static List<RecordKind<?, ?>> ofRecords() {
    return OF_RECORDS;
  }

  /** The kind of a JFR event type. */
  public static Optional<Kind> ofEvent(String eventName) {
    return ALL.stream().filter(kind -> kind.eventName().equals(eventName)).findFirst();
  }

  /** What events can be counted by, each once. */
  public static List<Key> keys() {
    return ALL.stream().flatMap(kind -> kind.key().stream()).distinct().toList();
  }
}
