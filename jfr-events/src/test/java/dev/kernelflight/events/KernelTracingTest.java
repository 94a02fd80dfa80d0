package dev.kernelflight.events;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Without the agent: with it, GuardTest of the agent's tests. */
class KernelTracingTest {
  @Test
  void withoutTheAgentNothingIsWatched() {
    assertThatThrownBy(() -> KernelTracing.require(FileOpenEvent.NAME))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the agent is not in this JVM")
        .hasMessageContaining("-javaagent:ebpf-agent.jar=required=true");
  }
}
