package dev.kernelflight.events;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Without the agent: with it, GuardTest of the agent's tests. */
class KernelTracingTest {
  @Test
  void withoutTheAgentNothingIsWatched() {
    assertThatThrownBy(() -> KernelTracing.require(FileOpenEvent.NAME))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the agent is not in this JVM")
        .hasMessageContaining("-javaagent:ebpf-agent.jar=required=true");
  }

  /** Where nobody counted the number is -1, which is not to be taken off what was counted. */
  @ParameterizedTest
  @CsvSource({
    "-1, 0, an unknown number of kernel events was lost",
    "-1, 1, an unknown number of kernel events was lost",
    "2, 1, 3 kernel events were lost",
  })
  void whatNobodyCountedIsMissing(long first, long second, String said) {
    KernelTracing.setAgent(new Watching());
    try {
      KernelTracing tracing = KernelTracing.require(FileOpenEvent.NAME);
      tracing.requireComplete();
      KernelTracing.lost(first, "first");
      KernelTracing.lost(second, "second");
      assertThatThrownBy(tracing::requireComplete)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(said + ": second");
      // what was lost before is no matter to who asks now
      KernelTracing.require(FileOpenEvent.NAME).requireComplete();
    } finally {
      KernelTracing.setAgent(null);
    }
  }

  /** An agent that watches opens. */
  private static final class Watching implements KernelTracing.Agent {
    @Override
    public Set<String> active() {
      return Set.of(FileOpenEvent.NAME);
    }

    @Override
    public @Nullable String problem() {
      return null;
    }

    @Override
    public void countLosses() {
      // the test tells them
    }
  }
}
