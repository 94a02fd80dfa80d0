package dev.kernelflight.agent.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A point in time as a user writes it: a time of day ({@code 05:10:38.5}), one with its date
 * ({@code 2026-11-24T05:10:38}), both in this machine's time zone, or one with its own zone.
 */
sealed interface Moment {
  /** The moment in nanoseconds since the epoch, of a recording that lasted from first to last. */
  long within(Instant first, Instant last);

  private static long nanos(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L), instant.getNano());
  }

  /** With its date. */
  record Dated(Instant instant) implements Moment {
    @Override
    public long within(Instant first, Instant last) {
      return nanos(instant);
    }
  }

  /** On the day of the recording's beginning, or on the next if it lasted until then. */
  record OfDay(LocalTime time) implements Moment {
    @Override
    public long within(Instant first, Instant last) {
      ZonedDateTime moment = first.atZone(ZoneId.systemDefault()).with(time);
      ZonedDateTime nextDay = moment.plusDays(1);
      boolean crossesMidnight =
          moment.toInstant().isBefore(first) && !nextDay.toInstant().isAfter(last);
      return nanos((crossesMidnight ? nextDay : moment).toInstant());
    }
  }

  /** Reads one. */
  static Moment parse(String text) {
    try {
      if (!text.contains("T")) {
        return new OfDay(LocalTime.parse(text));
      }
      return new Dated(
          text.matches(".*T.*(Z|[+-]\\d\\d(:?\\d\\d)?)")
              ? OffsetDateTime.parse(text).toInstant()
              : LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant());
    } catch (DateTimeException e) {
      throw new TypeConversionException(
          "'" + text + "' is no time such as 05:10:38.5 or 2026-11-24T05:10:38");
    }
  }

  /** For picocli. */
  final class Converter implements ITypeConverter<Moment> {
    @Override
    public Moment convert(String value) {
      return parse(value);
    }
  }
}
