package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.ManyThreads;
import java.io.File;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The agent does not keep threads that have ended: in a small heap there is no room for them. */
@Tag("kernel")
class EndedThreadsTest {
  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private static AgentProcess process(String threads, int count) {
    return AgentProcess.of(ManyThreads.class, KernelTracing.times(count), threads).jvm("-Xmx64m");
  }

  @ParameterizedTest
  @CsvSource({"platform, 240000", "virtual, 1000000"})
  void beforeDuringAndAfterRecordings(String threads, int count) {
    Finished finished = process(threads, count).run();
    assertThat(finished).isEqualTo(new Finished(0, "done\n", ""));
  }

  @Test
  void afterARecordingOfWhichTheKernelWantedNothing() {
    assumeTrue(new File("/proc/1/mem").canWrite(), "only root can become another user");
    Finished finished = process("platform", 90_000).under(AgentProcess.user()).run();
    assertThat(finished.out()).isEqualTo("done\n");
    assertThat(finished.messages()).as(finished.err()).isEqualTo(1);
    assertThat(finished.err()).contains("EPERM");
  }
}
