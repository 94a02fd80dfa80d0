package dev.kernelflight.agent.recording;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ThreadFilterTest {
  @ParameterizedTest
  @CsvSource({
    "12, 12, main, true",
    "12, 120, main, false",
    "12, 1234, main, false",
    "12, 7, 12, true",
    "12, 7, 123, false",
    "reader-, 7, reader-1, true",
    "reader-, 7, the-reader-1, false",
    "*-worker-?, 7, pool-1-worker-2, true",
    "*-worker-?, 7, pool-1-worker-20, false",
    "12+reader-, 12, main, true",
    "12+reader-, 7, reader-1, true",
    "12+reader-, 7, main, false",
    "!reader-, 7, reader-1, false",
    "!reader-, 7, main, true",
    "!12, 12, main, false",
    "!12, 120, main, true",
    "reader-+!reader-1, 7, reader-2, true",
    "reader-+!reader-1, 7, reader-1, false",
    "reader-+!12, 12, reader-2, false"
  })
  void accepts(String threads, int id, String name, boolean wanted) {
    assertThat(ThreadFilter.of(List.of(threads.split("\\+", -1))).accepts(id, Set.of(name)))
        .isEqualTo(wanted);
    assertThat(ThreadFilter.ALL.accepts(id, Set.of(name))).isTrue();
  }

  /** A thread that was renamed is found, and left out, by each of its names. */
  @ParameterizedTest
  @CsvSource({"first, true", "second, true", "third, false", "!first, false", "!third, true"})
  void severalNames(String threads, boolean wanted) {
    assertThat(ThreadFilter.of(List.of(threads)).accepts(7, Set.of("first", "second")))
        .isEqualTo(wanted);
  }
}
