package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class KernelConditionTest {
  @Test
  void runsWhereTracingIsPossible() {
    assertThat(KernelCondition.decide(Optional.empty(), null).isDisabled()).isFalse();
    assertThat(KernelCondition.decide(Optional.empty(), "required").isDisabled()).isFalse();
  }

  @Test
  void skipsWithTheReason() {
    var decision = KernelCondition.decide(Optional.of("bpf(BPF_MAP_CREATE): EPERM"), null);
    assertThat(decision.isDisabled()).isTrue();
    assertThat(decision.getReason()).hasValueSatisfying(r -> assertThat(r).contains("EPERM"));
  }

  @Test
  void failsWhereItMustNotSkip() {
    assertThatThrownBy(() -> KernelCondition.decide(Optional.of("EPERM"), "required"))
        .hasMessageContaining("required")
        .hasMessageContaining("EPERM");
  }
}
