package dev.kernelflight.bpf.sys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreemptionTest {
  /** As the kernels of the matrix and some others tell it. */
  @ParameterizedTest
  @CsvSource({
    "'#1 SMP Debian 5.10.262-1 (2026-07-31)\n', 5.10.0-46-cloud-amd64, '', '', false",
    "'#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1', 6.12.117+deb13-cloud-amd64, quiet, '', false",
    "'#1 SMP PREEMPT_DYNAMIC Debian 6.18.15-1', 6.18.15+deb13-cloud-amd64, quiet, '', true",
    "'#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1', 7.3.4+deb13-cloud-amd64, '', '', true",
    "'#1 SMP PREEMPT Debian 7.3.4-1', 7.3.4+deb13-cloud-arm64, '', '', true",
    "'#1 SMP PREEMPT_RT Debian 6.1.1-1', 6.1.0-1-rt-amd64, '', '', true",
    "'#1 SMP PREEMPT_DYNAMIC', 6.1.0, '', 'none voluntary (full)\n', true",
    "'#1 SMP PREEMPT_DYNAMIC', 6.18.0, '', 'none (voluntary) full lazy\n', false",
    "'#1 SMP PREEMPT_DYNAMIC', 6.18.0, 'ro preempt=none quiet\n', '', false",
    "'#1 SMP PREEMPT_DYNAMIC', 6.12.0, '', 'none voluntary full (lazy)\n', true",
    "'#1 SMP PREEMPT_DYNAMIC', 6.12.0, 'quiet preempt=lazy ro\n', '', true",
    "'#1 SMP PREEMPT_DYNAMIC', 6.1.0, 'preempt=full\n', '', true",
    "'#1 SMP PREEMPT_DYNAMIC', 6.12.0, 'rcutree.preempt=full\n', '', false",
    "'#1 SMP PREEMPT_DYNAMIC', strange, '', '', true",
    "'', '', '', '', false",
  })
  void whatTheKernelSaysOfItself(
      String version, String release, String commandLine, String modes, boolean expected) {
    assertThat(Preemption.interruptsPrograms(version, release, commandLine, modes))
        .isEqualTo(expected);
  }
}
