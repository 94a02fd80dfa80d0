package dev.kernelflight.bpf.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class KernelNamesTest {
  private static final KernelNames X86 = KernelNames.of(Architecture.X86_64);
  private static final KernelNames ARM = KernelNames.of(Architecture.AARCH64);

  @ParameterizedTest
  @EnumSource
  void errnos(Architecture architecture) {
    KernelNames names = KernelNames.of(architecture);
    assertThat(names.errno(1)).isEqualTo("EPERM");
    assertThat(names.errno(2)).isEqualTo("ENOENT");
    assertThat(names.errno(11)).as("also called EWOULDBLOCK").isEqualTo("EAGAIN");
    assertThat(names.errno(40)).isEqualTo("ELOOP");
    assertThat(names.errno(999)).isEqualTo("errno 999");
    assertThat(names.errno(0)).isEqualTo("errno 0");
  }

  /** Numbers from the C library's headers of x86_64. */
  @ParameterizedTest
  @CsvSource({
    "0, O_RDONLY",
    "01, O_WRONLY",
    "02, O_RDWR",
    "03, O_ACCMODE",
    "02000000, O_RDONLY|O_CLOEXEC",
    "02001101, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC",
    "010002, O_RDWR|O_DSYNC",
    "04010002, O_RDWR|O_SYNC",
    "0200000, O_RDONLY|O_DIRECTORY",
    "020200002, O_RDWR|O_TMPFILE",
    "040000, O_RDONLY|O_DIRECT",
    "0100000, O_RDONLY|O_LARGEFILE",
    "012400000, O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_PATH",
    "04000, O_RDONLY|O_NONBLOCK",
    "0200000000, O_RDONLY|0x2000000",
    "0200000101, O_WRONLY|O_CREAT|0x2000000"
  })
  void openFlags(String octal, String text) {
    assertThat(X86.openFlags(Long.parseLong(octal, 8))).isEqualTo(text);
  }

  @Test
  void halfOfAFlagOfTwoBitsIsNoneOfIt() {
    assertThat(X86.openFlags(0x400000)).as("O_TMPFILE without O_DIRECTORY").contains("0x400000");
    assertThat(X86.openFlags(0x100000)).as("O_SYNC without O_DSYNC").contains("0x100000");
  }

  @Test
  void flagsThatDifferBetweenArchitectures() {
    assertThat(X86.openFlags(0x10000)).isEqualTo("O_RDONLY|O_DIRECTORY");
    assertThat(ARM.openFlags(0x10000)).isEqualTo("O_RDONLY|O_DIRECT");
    assertThat(X86.openFlags(0x4000)).isEqualTo("O_RDONLY|O_DIRECT");
    assertThat(ARM.openFlags(0x4000)).isEqualTo("O_RDONLY|O_DIRECTORY");
    assertThat(ARM.openFlags(0x404002)).isEqualTo("O_RDWR|O_TMPFILE");
    assertThat(ARM.openFlags(0x8000)).isEqualTo("O_RDONLY|O_NOFOLLOW");
    assertThat(ARM.openFlags(0x20000)).isEqualTo("O_RDONLY|O_LARGEFILE");
  }

  @ParameterizedTest
  @EnumSource
  void everyBitIsNamedOrShown(Architecture architecture) {
    KernelNames names = KernelNames.of(architecture);
    for (int bit = 2; bit < 64; bit++) {
      String text = names.openFlags(1L << bit);
      assertThat(text).matches("O_RDONLY\\|(O_[A-Z]+|0x[0-9a-f]+)");
      if (text.contains("0x")) {
        assertThat(text).isEqualTo("O_RDONLY|0x" + Long.toHexString(1L << bit));
      }
    }
  }

  @Test
  void systemCalls() {
    assertThat(X86.syscallNumber("open")).isEqualTo(2);
    assertThat(X86.syscallNumber("openat")).isEqualTo(257);
    assertThat(X86.syscallNumber("bpf")).isEqualTo(321);
    assertThat(X86.syscall(85)).isEqualTo("creat");
    assertThat(X86.syscall(100_000)).isNull();
    assertThat(ARM.syscallNumber("openat")).isEqualTo(56);
    assertThat(ARM.syscallNumber("bpf")).isEqualTo(280);
    assertThat(ARM.hasSyscall("open")).isFalse();
    assertThat(ARM.hasSyscall("openat2")).isTrue();
    assertThatThrownBy(() -> ARM.syscallNumber("open"))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("open");
  }
}
