package dev.kernelflight.bpf.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArchitectureTest {
  private final String system = System.getProperty("os.name");
  private final String processor = System.getProperty("os.arch");

  @AfterEach
  void restore() {
    System.setProperty("os.name", system);
    System.setProperty("os.arch", processor);
  }

  @ParameterizedTest
  @CsvSource({"amd64, X86_64", "x86_64, X86_64", "aarch64, AARCH64", "arm64, AARCH64"})
  void thoseThatThereAreObjectsFor(String name, Architecture expected) {
    System.setProperty("os.name", "Linux");
    System.setProperty("os.arch", name);
    assertThat(Architecture.current()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"Mac OS X, aarch64", "Windows 11, amd64", "Linux, riscv64", "Linux, i386"})
  void others(String systemName, String name) {
    System.setProperty("os.name", systemName);
    System.setProperty("os.arch", name);
    assertThatThrownBy(Architecture::current)
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("x86_64 or aarch64")
        .hasMessageContaining(systemName + " on " + name);
  }

  @Test
  void names() {
    assertThat(Architecture.X86_64.kernelName()).isEqualTo("x86_64");
    assertThat(Architecture.AARCH64.kernelName()).isEqualTo("aarch64");
    assertThat(Architecture.X86_64.syscallFunction("openat")).isEqualTo("__x64_sys_openat");
    assertThat(Architecture.AARCH64.syscallFunction("openat")).isEqualTo("__arm64_sys_openat");
  }
}
