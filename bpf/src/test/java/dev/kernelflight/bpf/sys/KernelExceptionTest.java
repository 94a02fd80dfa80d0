package dev.kernelflight.bpf.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelExceptionTest {
  @ParameterizedTest
  @CsvSource({
    "1, EPERM (operation not permitted), true, true",
    "2, 'ENOENT (no such file, function or object)', false, false",
    "11, EAGAIN, false, true",
    "12, 'ENOMEM (out of memory, or over the locked-memory limit)', false, true",
    "13, EACCES (permission denied), true, false",
    "22, 'EINVAL (invalid argument, or not supported by this kernel)', false, false",
    "38, 'ENOSYS (not implemented)', false, false",
    "524, not supported by this kernel, false, false",
    "3000, errno 3000, false, false"
  })
  void namesTheCallAndTheErrno(int errno, String text, boolean permission, boolean memory) {
    KernelException e = new KernelException("bpf(BPF_MAP_CREATE events)", errno);
    assertThat(e).hasMessageStartingWith("bpf(BPF_MAP_CREATE events): ").hasMessageContaining(text);
    assertThat(e.isPermission()).isEqualTo(permission);
    assertThat(e.isOutOfMemory()).isEqualTo(memory);
    assertThat(e.errno()).isEqualTo(errno);
  }

  /** EAGAIN, ENOMEM, EBUSY, ENFILE, EMFILE; and what stays as it is. */
  @ParameterizedTest
  @CsvSource({
    "11, true",
    "12, true",
    "16, true",
    "23, true",
    "24, true",
    "1, false",
    "2, false",
    "13, false",
    "22, false",
    "38, false",
    "524, false"
  })
  void whatIsShortMayBeThereAgain(int errno, boolean mayPass) {
    assertThat(new KernelException("bpf(BPF_MAP_CREATE events)", errno).mayPass())
        .isEqualTo(mayPass);
  }

  @Test
  void onlyNegativeErrnosAreFailures() throws Exception {
    assertThat(Native.check("call", 0)).isZero();
    assertThat(Native.check("mmap", 0xffff_8000_0000_0000L)).isNegative();
    assertThatThrownBy(() -> Native.check("call", -1)).hasMessageStartingWith("call: EPERM");
    assertThatThrownBy(() -> Native.check("call", -4095)).isInstanceOf(KernelException.class);
  }

  @Test
  void fromARealCall() {
    assertThatThrownBy(() -> Native.check("close", RawSyscalls.call("close", -1)))
        .hasMessageStartingWith("close: EBADF");
  }
}
