package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Hello;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel that keeps its memory from root too. It is booted so, in a guest of its own. */
@Tag("lockdown")
@EnabledIfEnvironmentVariable(named = "KERNELFLIGHT_GUEST", matches = "yes")
class LockdownTest {
  private static final String SAID =
      "what to do: the kernel is locked down for confidentiality, which forbids tracing: boot with"
          + " lockdown=integrity or none\n";

  @BeforeAll
  static void kernel() {
    assertThat(Path.of("/sys/kernel/security/lockdown")).content().contains("[confidentiality]");
  }

  private static void assertSaidOnce(Finished finished) {
    assertThat(finished.messages()).as(finished.err()).isEqualTo(1);
    assertThat(finished.err()).contains(SAID).doesNotContain("lacks", "\tat ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "buffer=ring,", "attach=fentry,", "attach=kprobe,", "attach=tracepoint,"})
  void requiredRefusesToStart(String options) {
    Finished finished = AgentProcess.of(Hello.class).agent(options + "required=true").run();
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.out()).isEmpty();
    assertSaidOnce(finished);
  }

  @Test
  void doctorSaysTheSame() {
    Finished doctor = AgentProcess.command("doctor").run();
    assertThat(doctor.exitCode()).isEqualTo(1);
    assertThat(doctor.err()).isEmpty();
    List<String> advice = doctor.out().lines().filter(line -> line.contains("-> ")).toList();
    assertThat(doctor.out()).contains("the kernel is locked down for confidentiality");
    assertThat(advice)
        .anyMatch(line -> line.endsWith("-> boot with lockdown=integrity or none"))
        .noneMatch(line -> line.contains("capab") || line.contains("please report"));
  }

  @Test
  void theApplicationRunsOn() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "a");
      jvm.tell("open", "/dev/null");
      jvm.tell("stop", "a", "/dev/null");
      jvm.tell("start", "b");
      assertThat(jvm.kernelObjects()).isZero();
      Finished finished = jvm.end();
      assertThat(finished.exitCode()).isEqualTo(3);
      assertThat(finished.out()).isEmpty();
      assertSaidOnce(finished);
    }
  }
}
