package dev.kernelflight.agent.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyscallSetTest {
  private static boolean has(Architecture architecture, String text, String call)
      throws BadSettingException {
    KernelNames names = KernelNames.of(architecture);
    return new SyscallSet(names).parse(text).get(names.syscallNumber(call));
  }

  @ParameterizedTest
  @EnumSource
  void namesAndGroupsFromLeftToRight(Architecture architecture) throws BadSettingException {
    assertThat(has(architecture, "fsync", "fsync")).isTrue();
    assertThat(has(architecture, "fsync", "read")).isFalse();
    assertThat(has(architecture, "network, fsync", "connect")).isTrue();
    assertThat(has(architecture, "sync,!futex", "futex")).isFalse();
    assertThat(has(architecture, "sync,!futex", "sched_yield")).isTrue();
    assertThat(has(architecture, "!sync,futex", "futex")).isTrue();
    assertThat(has(architecture, "!futex", "read")).isTrue();
    assertThat(has(architecture, "!futex", "futex")).isFalse();
    assertThat(has(architecture, "all,!futex,!sync", "openat")).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void allHasNumbersToCome(Architecture architecture) throws BadSettingException {
    BitSet all = new SyscallSet(KernelNames.of(architecture)).parse("all");
    assertThat(all.cardinality()).isEqualTo(1024);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNeitherIsNamed(Architecture architecture) {
    SyscallSet set = new SyscallSet(KernelNames.of(architecture));
    assertThatThrownBy(() -> set.parse("fsync,fsink"))
        .isInstanceOf(BadSettingException.class)
        .hasMessageStartingWith("\"fsink\" is no system call of this architecture")
        .hasMessageContaining("all, descriptor, file, ipc, memory, network, process, signal");
    assertThatThrownBy(() -> set.parse("")).isInstanceOf(BadSettingException.class);
  }

  @Test
  void everyMemberOfAGroupIsASystemCallSomewhere() throws Exception {
    List<KernelNames> all = Arrays.stream(Architecture.values()).map(KernelNames::of).toList();
    String groups;
    try (InputStream in = SyscallSet.class.getResourceAsStream("syscall-groups.txt")) {
      groups = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII);
    }
    List<String> lines = groups.lines().filter(line -> !line.startsWith("#")).toList();
    assertThat(lines).hasSizeGreaterThan(5);
    for (String line : lines) {
      for (String call : line.substring(line.indexOf(':') + 1).strip().split(" ", -1)) {
        assertThat(all).as(call).anyMatch(names -> names.hasSyscall(call));
      }
    }
  }
}
