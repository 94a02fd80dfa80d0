package dev.kernelflight.agent.settings;

import dev.kernelflight.events.KernelSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** What the recordings that enable an event ask for in its settings. One thread at a time. */
public final class Requests {
  private final String event;
  private final List<Settings> enabling;

  /** The settings of one recording. */
  @FunctionalInterface
  public interface Settings {
    /**
     * The recording's value of an event's setting; for a bad one the last good one, or the default.
     */
    <T> T value(String event, String setting, String byDefault, Parser<T> parser);
  }

  /** Reads a value. */
  @FunctionalInterface
  public interface Parser<T> {
    /** Reads it. */
    T parse(String text) throws BadSettingException;
  }

  /**
   * @param enabling those of the recordings that enable the event
   */
  public Requests(String event, List<Settings> enabling) {
    this.event = event;
    this.enabling = List.copyOf(enabling);
  }

  /** What each recording asks for in a setting. */
  public <T> List<T> values(String setting, String byDefault, Parser<T> parser) {
    List<T> values = new ArrayList<>();
    for (Settings recording : enabling) {
      values.add(recording.value(event, setting, byDefault, parser));
    }
    return values;
  }

  /** The lowest of their thresholds, in nanoseconds. */
  public long lowestThreshold(String byDefault) {
    return values("threshold", byDefault, SettingValues::nanos).stream()
        .flatMapToLong(LongStream::of)
        .min()
        .orElse(0);
  }

  /** Whether none of them wants calls that succeeded. */
  public boolean allErrorsOnly() {
    return !values(KernelSettings.ERRORS_ONLY, "false", SettingValues::flag).contains(false);
  }
}
