package dev.kernelflight.agent.settings;

import dev.kernelflight.bpf.Wanted;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.CpuSampleEvent;
import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.EventThread;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.KernelSettings;
import dev.kernelflight.events.ProbeEvent;
import dev.kernelflight.events.SyscallEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.lang.instrument.Instrumentation;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import org.jspecify.annotations.Nullable;

/**
 * What the running recordings together want: an event that any of them enables, the lowest of their
 * thresholds, the union of their filters. A recording that does not name a setting has its default.
 *
 * <p>Settings are read from the recordings and not from what JFR makes of them: JFR tells of
 * changes only for settings that some recording names, and not at all of thresholds. Any thread may
 * read.
 */
public final class RecordingSettings {
  private static final List<Class<? extends Event>> EVENTS =
      List.of(
          FileOpenEvent.class,
          SyscallEvent.class,
          SyscallStatisticsEvent.class,
          CpuSampleEvent.class,
          EventsLostEvent.class,
          ProbeEvent.class,
          DrainEvent.class);
  private static final int MOST_REMEMBERED = 1000;

  /**
   * What is wanted of the kernel, and what of its records is left out here.
   *
   * @param paths of file opens: what the kernel cannot decide
   */
  public record Requested(Wanted wanted, PathFilter paths) {
    /** Nothing. */
    public static final Requested NOTHING = new Requested(Wanted.NOTHING, PathFilter.ALL);

    /** The events that are on where no recording says otherwise, and no call of theirs. */
    public static final Requested BY_DEFAULT =
        new Requested(
            new Wanted(
                Optional.of(Wanted.FileOpens.ALL),
                Optional.of(new Wanted.Syscalls(0, false, new BitSet())),
                Optional.of(new Wanted.Statistics(false)),
                Optional.empty()),
            PathFilter.ALL);
  }

  /** Reads a value. */
  @FunctionalInterface
  private interface Parser<T> {
    T parse(String text) throws BadSettingException;
  }

  private final Consumer<String> warnings;
  private final SyscallSet syscalls = new SyscallSet(KernelNames.ofThisMachine());
  private final Map<String, Long> eventIds = new HashMap<>();
  private final Map<String, String> lastGood = new HashMap<>();
  private final Map<String, String> lastBad = new HashMap<>();

  /**
   * Makes the kernel events known to JFR.
   *
   * @param warnings takes a sentence about each value that cannot be understood, once
   */
  public RecordingSettings(Consumer<String> warnings, Instrumentation instrumentation) {
    this.warnings = warnings;
    for (Class<? extends Event> event : EVENTS) {
      FlightRecorder.register(event);
      EventType type = EventType.getEventType(event);
      eventIds.put(type.getName(), type.getId());
    }
    try {
      EventThread.isOfTheCall(EVENTS, instrumentation);
    } catch (ReflectiveOperationException | RuntimeException e) {
      warnings.accept(
          "JFR's tools show the agent's own thread as that of each kernel event; print, report and"
              + " Mission Control show the thread that made the call: "
              + e);
    }
  }

  /** Whether any recording runs at all. Does not start JFR, which a JVM that ends refuses. */
  public static boolean anyRecordingRuns() {
    return FlightRecorder.isInitialized()
        && FlightRecorder.getFlightRecorder().getRecordings().stream()
            .anyMatch(recording -> recording.getState() == RecordingState.RUNNING);
  }

  /** What the recordings that run now want. */
  public synchronized Requested read() {
    List<Source> running = new ArrayList<>();
    for (Recording recording : FlightRecorder.getFlightRecorder().getRecordings()) {
      if (recording.getState() == RecordingState.RUNNING) {
        running.add(new Source(recording.getId(), recording.getSettings()));
      }
    }
    if (lastBad.size() + lastGood.size() > MOST_REMEMBERED) {
      lastBad.clear();
      lastGood.clear();
    }
    Optional<List<String>> paths = paths(running);
    PathFilter filter = paths.map(PathFilter::of).orElse(PathFilter.ALL);
    return new Requested(
        new Wanted(
            fileOpens(running, filter), syscalls(running), statistics(running), samples(running)),
        filter);
  }

  /** One recording's settings. */
  private record Source(long recording, Map<String, String> settings) {}

  private List<Source> enabling(List<Source> sources, String event) {
    String byDefault = event.equals(CpuSampleEvent.NAME) ? "false" : "true";
    return sources.stream()
        .filter(source -> value(source, event, "enabled", byDefault, SettingValues::flag))
        .toList();
  }

  private Optional<Wanted.FileOpens> fileOpens(List<Source> running, PathFilter filter) {
    List<Source> enabling = enabling(running, FileOpenEvent.NAME);
    if (enabling.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Wanted.FileOpens(
            lowestThreshold(enabling, FileOpenEvent.NAME, "0 ns"),
            allErrorsOnly(enabling, FileOpenEvent.NAME),
            filter.prefixes()));
  }

  /** The paths that any wants, or empty if one of them wants all. */
  private Optional<List<String>> paths(List<Source> running) {
    List<String> all = new ArrayList<>();
    for (Source source : enabling(running, FileOpenEvent.NAME)) {
      List<String> wanted =
          value(source, FileOpenEvent.NAME, KernelSettings.PATH, "", SettingValues::list);
      if (wanted.isEmpty()) {
        return Optional.empty();
      }
      all.addAll(wanted);
    }
    return Optional.of(all);
  }

  private Optional<Wanted.Syscalls> syscalls(List<Source> running) {
    List<Source> enabling = enabling(running, SyscallEvent.NAME);
    if (enabling.isEmpty()) {
      return Optional.empty();
    }
    BitSet numbers = new BitSet();
    for (Source source : enabling) {
      numbers.or(value(source, SyscallEvent.NAME, KernelSettings.SYSCALLS, "all", syscalls::parse));
    }
    return Optional.of(
        new Wanted.Syscalls(
            lowestThreshold(enabling, SyscallEvent.NAME, SyscallEvent.DEFAULT_THRESHOLD),
            allErrorsOnly(enabling, SyscallEvent.NAME),
            numbers));
  }

  private Optional<Wanted.Statistics> statistics(List<Source> running) {
    List<Source> enabling = enabling(running, SyscallStatisticsEvent.NAME);
    if (enabling.isEmpty()) {
      return Optional.empty();
    }
    for (Source source : enabling) {
      // JFR follows it, and says nothing where it cannot
      value(
          source,
          SyscallStatisticsEvent.NAME,
          "period",
          SyscallStatisticsEvent.DEFAULT_PERIOD,
          SettingValues::period);
    }
    boolean byThread =
        enabling.stream()
            .anyMatch(source ->
                value(
                    source,
                    SyscallStatisticsEvent.NAME,
                    KernelSettings.BY_THREAD,
                    "false",
                    SettingValues::flag));
    return Optional.of(new Wanted.Statistics(byThread));
  }

  /** As often as the most demanding one asks for. */
  private Optional<Wanted.Samples> samples(List<Source> running) {
    return enabling(running, CpuSampleEvent.NAME).stream()
        .map(source ->
            value(
                source,
                CpuSampleEvent.NAME,
                KernelSettings.FREQUENCY,
                CpuSampleEvent.DEFAULT_FREQUENCY,
                SettingValues::frequency))
        .max(Comparator.naturalOrder())
        .map(Wanted.Samples::new);
  }

  private long lowestThreshold(List<Source> sources, String event, String defaultValue) {
    return sources.stream()
        .mapToLong(source -> value(source, event, "threshold", defaultValue, SettingValues::nanos))
        .min()
        .orElse(0);
  }

  private boolean allErrorsOnly(List<Source> sources, String event) {
    return sources.stream()
        .allMatch(source ->
            value(source, event, KernelSettings.ERRORS_ONLY, "false", SettingValues::flag));
  }

  /** A recording's value of a setting; for a bad one the last good one, or the default. */
  private <T> T value(
      Source source, String event, String setting, String defaultValue, Parser<T> parser) {
    String text = text(source, event, setting);
    String key = source.recording + " " + event + "#" + setting;
    if (text != null) {
      try {
        T value = parser.parse(text);
        lastGood.put(key, text);
        lastBad.remove(key);
        return value;
      } catch (BadSettingException e) {
        String used = lastGood.getOrDefault(key, defaultValue);
        if (!text.equals(lastBad.put(key, text))) {
          warnings.accept(
              "the setting "
                  + event
                  + "#"
                  + setting
                  + "="
                  + text
                  + " is wrong: "
                  + e.getMessage()
                  + ". Instead \""
                  + used
                  + "\" is in force.");
        }
        text = used;
      }
    } else {
      text = defaultValue;
    }
    try {
      return parser.parse(text);
    } catch (BadSettingException e) {
      throw new IllegalStateException("a default that is wrong: " + text, e);
    }
  }

  private @Nullable String text(Source source, String event, String setting) {
    String byName = source.settings.get(event + "#" + setting);
    return byName != null ? byName : source.settings.get(eventIds.get(event) + "#" + setting);
  }
}
