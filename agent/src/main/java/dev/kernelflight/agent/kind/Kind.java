package dev.kernelflight.agent.kind;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A kind of kernel event: its names, and its words for events of recordings and live ones. */
public abstract class Kind {
  private final String eventName;
  private final String option;
  private final String plural;

  /**
   * @param eventName name of the JFR event type
   * @param option its name on the command line
   * @param plural for "23 opens"
   */
  Kind(String eventName, String option, String plural) {
    this.eventName = eventName;
    this.option = option;
    this.plural = plural;
  }

  /** Name of the JFR event type. */
  public final String eventName() {
    return eventName;
  }

  /** Its name on the command line. */
  public final String option() {
    return option;
  }

  /** For "23 opens". */
  public final String plural() {
    return plural;
  }

  /** Whether each event is one call of one thread, which takes time and may fail. */
  public boolean isCall() {
    return false;
  }

  /** Whether each event is about the thread that it names. */
  public boolean isOfThread() {
    return true;
  }

  /** Whether it is shown where no kinds are asked for. */
  public boolean isUsual() {
    return true;
  }

  /** What happened, in a line. */
  public abstract String what(KernelEvent event);

  /** What came of it: {@code fd 3}, a number, or an errno; empty for nothing. */
  public abstract String result(KernelEvent event);

  /** What its events are counted by, if there is something. */
  public Optional<Key> key() {
    return Optional.empty();
  }

  /** How many events each event stands for: of a sum the calls that it sums up. */
  public Tally tally(KernelEvent event) {
    long duration = Math.max(event.duration(), 0);
    return new Tally(1, event.failed() ? 1 : 0, duration, duration);
  }

  /** Whether JFR itself caused it, to fill events of its own. */
  public boolean isJfrsOwn(KernelEvent event) {
    return false;
  }

  /**
   * Events, and their time in nanoseconds.
   *
   * @param failed so many of them
   */
  public record Tally(long count, long failed, long total, long longest) {}

  @Override
  public final String toString() {
    return option;
  }

  static String join(String separator, @Nullable String... parts) {
    StringBuilder joined = new StringBuilder();
    for (String part : parts) {
      if (part != null) {
        joined.append(joined.isEmpty() ? "" : separator).append(part);
      }
    }
    return joined.toString();
  }

  /** A number of nanoseconds for people. */
  static String micros(long nanos) {
    return String.format(Locale.ROOT, "%.1f µs", nanos / 1000.0);
  }
}
