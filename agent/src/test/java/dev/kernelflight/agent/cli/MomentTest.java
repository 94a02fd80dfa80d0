package dev.kernelflight.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class MomentTest {
  /** From before midnight until after it. */
  private static final Instant FIRST = local("2026-03-10T23:50:00");

  private static final Instant LAST = local("2026-03-11T00:20:00");

  private static Instant local(String text) {
    return LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant();
  }

  private static long nanos(Instant instant) {
    return instant.getEpochSecond() * 1_000_000_000 + instant.getNano();
  }

  @ParameterizedTest
  @CsvSource({
    "23:55, 2026-03-10T23:55:00",
    "23:50:00.5, 2026-03-10T23:50:00.5",
    "00:10, 2026-03-11T00:10:00",
    // not within the recording: its first day
    "12:00, 2026-03-10T12:00:00",
    "2026-03-10T23:55, 2026-03-10T23:55:00",
    "2026-03-11T00:00:00.123456789, 2026-03-11T00:00:00.123456789",
  })
  void inTheTimeZoneOfThisMachine(String text, String expected) {
    assertThat(Moment.parse(text).within(FIRST, LAST)).isEqualTo(nanos(local(expected)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-03-10T22:55:00Z",
        "2026-03-10T23:55:00+01:00",
        "2026-03-10T17:55:00-05:00",
      })
  void inATimeZoneOfItsOwn(String text) {
    assertThat(Moment.parse(text).within(FIRST, LAST))
        .isEqualTo(nanos(Instant.parse("2026-03-10T22:55:00Z")));
  }

  @Test
  void whatIsNoTime() {
    for (String text : new String[] {"", "noon", "25:00", "10", "2026-03-10", "10:00Z"}) {
      assertThatThrownBy(() -> Moment.parse(text))
          .as(text)
          .isInstanceOf(TypeConversionException.class)
          .hasMessageContaining("is no time such as");
    }
  }
}
