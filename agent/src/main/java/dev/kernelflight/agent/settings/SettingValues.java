package dev.kernelflight.agent.settings;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values of settings, as JFR writes them. */
public final class SettingValues {
  private static final Pattern TIMESPAN = Pattern.compile("(\\d{1,18})\\s*(ns|us|ms|s|m|h|d)");

  private static final Pattern FREQUENCY = Pattern.compile("(\\d{1,9})\\s*(Hz)?");

  /** JFR's word for a threshold that nothing reaches. */
  private static final String INFINITY = "infinity";

  private static final List<String> CHUNK_PERIODS = List.of("everyChunk", "beginChunk", "endChunk");

  private SettingValues() {}

  /** {@code 20 ms} in nanoseconds. */
  public static long nanos(String text) throws BadSettingException {
    if (text.strip().equals(INFINITY)) {
      return Long.MAX_VALUE;
    }
    Matcher matcher = TIMESPAN.matcher(text.strip());
    if (!matcher.matches()) {
      throw new BadSettingException(
          "expected a time such as 20 ms or 1 s (units: ns, us, ms, s, m, h, d)");
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ns" -> number;
      case "us" -> TimeUnit.MICROSECONDS.toNanos(number);
      case "ms" -> TimeUnit.MILLISECONDS.toNanos(number);
      case "s" -> TimeUnit.SECONDS.toNanos(number);
      case "m" -> TimeUnit.MINUTES.toNanos(number);
      case "h" -> TimeUnit.HOURS.toNanos(number);
      default -> TimeUnit.DAYS.toNanos(number);
    };
  }

  /** How often an event is made, which JFR itself goes by; a time, or a place in the chunk. */
  public static String period(String text) throws BadSettingException {
    if (!CHUNK_PERIODS.contains(text.strip())) {
      try {
        nanos(text);
      } catch (BadSettingException e) {
        throw new BadSettingException(e.getMessage() + ", or one of " + CHUNK_PERIODS);
      }
    }
    return text;
  }

  /** {@code 99 Hz}, or without the unit, in Hz; the kernel may not allow so many. */
  public static int frequency(String text) throws BadSettingException {
    Matcher matcher = FREQUENCY.matcher(text.strip());
    int hertz = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
    if (hertz <= 0) {
      throw new BadSettingException("expected a frequency of 1 Hz or more, such as 99 Hz");
    }
    return hertz;
  }

  /** {@code true} or {@code false}. */
  public static boolean flag(String text) throws BadSettingException {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new BadSettingException("expected true or false");
    };
  }

  /** What is between commas, without blanks around it. */
  public static List<String> list(String text) {
    return Arrays.stream(text.split(",", -1))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .toList();
  }
}
