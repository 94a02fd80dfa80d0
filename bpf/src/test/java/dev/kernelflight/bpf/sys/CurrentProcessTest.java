package dev.kernelflight.bpf.sys;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.sys.CurrentProcess.PidNamespace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CurrentProcessTest {
  /** How the C library packs major and minor for stat(2), and how the kernel packs them itself. */
  @ParameterizedTest
  @CsvSource({
    "0, 4, 0x4, 0x4",
    "0, 255, 0xff, 0xff",
    "0, 256, 0x100000, 0x100",
    "8, 1, 0x801, 0x800001",
    "4095, 0, 0xfff00, 0xfff00000",
    "259, 0x12345, 0x12310345, 0x10312345",
    "0, 0xfffff, 0xfff000ff, 0xfffff"
  })
  void theKernelsOwnDeviceNumber(String major, String minor, String library, String kernel) {
    long expected = Long.decode(major) << 20 | Long.decode(minor);
    assertThat(expected).isEqualTo(Long.decode(kernel));
    assertThat(PidNamespace.kernelDevice(Long.decode(library))).isEqualTo(expected);
  }
}
