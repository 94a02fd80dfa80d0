package dev.kernelflight.agent.jfr;

import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.TracedKind;
import dev.kernelflight.agent.settings.BadSettingException;
import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.agent.settings.SettingValues;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.EventThread;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.ProbeEvent;
import java.lang.instrument.Instrumentation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private static final int MOST_REMEMBERED = 1000;

  private final Consumer<String> warnings;
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
    List<Class<? extends Event>> events = new ArrayList<>();
    Kinds.traced().forEach(kind -> events.add(kind.eventClass()));
    events.addAll(List.of(EventsLostEvent.class, ProbeEvent.class, DrainEvent.class));
    for (Class<? extends Event> event : events) {
      FlightRecorder.register(event);
      EventType type = EventType.getEventType(event);
      eventIds.put(type.getName(), type.getId());
    }
    try {
      EventThread.isOfTheCall(events, instrumentation);
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
  public synchronized Demand read() {
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
    Demand demand = Demand.NOTHING;
    for (TracedKind<?> kind : Kinds.traced()) {
      demand = with(demand, kind, running);
    }
    return demand;
  }

  private <W> Demand with(Demand demand, TracedKind<W> kind, List<Source> running) {
    String byDefault = Boolean.toString(kind.isOnByDefault());
    List<Requests.Settings> enabling = new ArrayList<>();
    for (Source source : running) {
      if (source.value(kind.eventName(), "enabled", byDefault, SettingValues::flag)) {
        enabling.add(source);
      }
    }
    return enabling.isEmpty()
        ? demand
        : demand.and(kind.source(), kind.wanted(new Requests(kind.eventName(), enabling)));
  }

  /** One recording's settings. */
  private final class Source implements Requests.Settings {
    private final long recording;
    private final Map<String, String> settings;

    Source(long recording, Map<String, String> settings) {
      this.recording = recording;
      this.settings = settings;
    }

    @Override
    public <T> T value(String event, String setting, String byDefault, Requests.Parser<T> parser) {
      return RecordingSettings.this.value(this, event, setting, byDefault, parser);
    }
  }

  /** A recording's value of a setting; for a bad one the last good one, or the default. */
  private <T> T value(
      Source source, String event, String setting, String defaultValue, Requests.Parser<T> parser) {
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
