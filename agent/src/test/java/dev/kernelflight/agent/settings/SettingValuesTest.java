package dev.kernelflight.agent.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingValuesTest {
  @ParameterizedTest
  @CsvSource({
    "0 ns,0",
    "0ns,0",
    "7 us,7000",
    "20 ms,20000000",
    " 20ms ,20000000",
    "1 s,1000000000",
    "2 m,120000000000",
    "1 h,3600000000000",
    "1 d,86400000000000",
    "999999999999999999 d,9223372036854775807",
    "infinity,9223372036854775807"
  })
  void times(String text, long nanos) throws BadSettingException {
    assertThat(SettingValues.nanos(text)).isEqualTo(nanos);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "20", "ms", "-1 ms", "1.5 s", "20 MS", "1 s 2 ms", "everything"})
  void noTimes(String text) {
    assertThatThrownBy(() -> SettingValues.nanos(text))
        .isInstanceOf(BadSettingException.class)
        .hasMessageContaining("expected a time such as 20 ms");
  }

  @Test
  void periods() throws BadSettingException {
    assertThat(SettingValues.period("5 s")).isEqualTo("5 s");
    assertThat(SettingValues.period("endChunk")).isEqualTo("endChunk");
    assertThatThrownBy(() -> SettingValues.period("often"))
        .isInstanceOf(BadSettingException.class)
        .hasMessageContaining("expected a time such as 20 ms")
        .hasMessageEndingWith("or one of [everyChunk, beginChunk, endChunk]");
  }

  @Test
  void flags() throws BadSettingException {
    assertThat(SettingValues.flag("true")).isTrue();
    assertThat(SettingValues.flag(" False ")).isFalse();
    assertThatThrownBy(() -> SettingValues.flag("yes"))
        .isInstanceOf(BadSettingException.class)
        .hasMessage("expected true or false");
  }

  @Test
  void lists() {
    assertThat(SettingValues.list("")).isEmpty();
    assertThat(SettingValues.list(" , ,")).isEmpty();
    assertThat(SettingValues.list("/etc/, /a b ,,/c")).containsExactly("/etc/", "/a b", "/c");
  }
}
