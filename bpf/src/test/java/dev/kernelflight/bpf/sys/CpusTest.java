package dev.kernelflight.bpf.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpusTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"0; {0}", "0-3; {0, 1, 2, 3}", "0-1,4,6-7; {0, 1, 4, 6, 7}", "127; {127}"})
  void lists(String list, String expected) throws Exception {
    assertThat(Cpus.parse(list + "\n")).hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "x", "1-", "-1", "3-1", "0,,2", "0-1-2", "0,", "99999999999"})
  void otherText(String text) {
    assertThatThrownBy(() -> Cpus.parse(text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a list of CPUs");
  }

  @Test
  void ofThisMachine() throws Exception {
    BitSet online = Cpus.online();
    assertThat(online.cardinality()).isPositive();
    assertThat(Cpus.possible()).isGreaterThanOrEqualTo(online.length());
  }
}
