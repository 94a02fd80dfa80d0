package dev.kernelflight.bpf.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathFilterTest {
  @ParameterizedTest
  @CsvSource({
    "/etc/,/etc/hosts,true",
    "/etc/,/etc,false",
    "/etc,/etcetera,true",
    "/etc/,/var/etc/,false",
    "*.log,a.log,true",
    "*.log,/a.log,false",
    "**.log,/var/x/a.log,true",
    "/var/*.log,/var/a.log,true",
    "/var/*.log,/var/x/a.log,false",
    "/var/**/*.log,/var/a.log,true",
    "/var/**/*.log,/var/x/y/a.log,true",
    "/var/**/*.log,/var/x/y/a.log.1,false",
    "/a?c,/abc,true",
    "/a?c,/a/c,false",
    "/a.c,/abc,false",
    "/[a](b)$,/[a](b)$c,true"
  })
  void prefixesAndGlobs(String wanted, String path, boolean accepted) {
    assertThat(PathFilter.of(List.of(wanted)).accepts(path)).isEqualTo(accepted);
  }

  @Test
  void aNewlineIsACharacterAsAnyOther() {
    assertThat(PathFilter.of(List.of("/var/**")).accepts("/var/x\ny/z")).isTrue();
  }

  @Test
  void anyOfSeveral() {
    PathFilter filter = PathFilter.of(List.of("/etc/", "/var/**/*.log"));
    assertThat(filter.accepts("/etc/hosts")).isTrue();
    assertThat(filter.accepts("/var/a/b.log")).isTrue();
    assertThat(filter.accepts("/var/a/b.txt")).isFalse();
    assertThat(filter.prefixes()).containsExactly("/etc/", "/var/");
  }

  @Test
  void noneIsAll() {
    assertThat(PathFilter.of(List.of()).accepts("/anything")).isTrue();
    assertThat(PathFilter.ALL.prefixes()).isEmpty();
  }
}
