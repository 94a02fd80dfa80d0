package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.File;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a test asks before it believes that something did not happen: {@code events.KernelTracing}.
 */
@Tag("kernel")
@Tag("portable")
class GuardTest {
  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  @Test
  void nothingIsMissing() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r");
      jvm.tell("require", "kernel.FileOpen", "kernel.Syscall", "kernel.SyscallStatistics");
      jvm.tell("open", "/one");
      jvm.tell("require-complete");
    }
  }

  @Test
  void noRecordingWantsIt() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      assertThatThrownBy(() -> jvm.tell("require", "kernel.FileOpen"))
          .hasMessageContaining("no events kernel.FileOpen: no running recording has them enabled");
      jvm.tell("start", "r", "kernel.Syscall");
      jvm.tell("require", "kernel.FileOpen");
      assertThatThrownBy(() -> jvm.tell("require", "kernel.Syscall"))
          .hasMessageContaining("no events kernel.Syscall: no running recording");
      assertThatThrownBy(() -> jvm.tell("require", "kernel.NoSuchEvent"))
          .hasMessageContaining("there is no such event");
      jvm.tell("stop", "r", temp.resolve("r.jfr"));
      assertThatThrownBy(() -> jvm.tell("require-complete"))
          .hasMessageContaining("no events kernel.FileOpen");
    }
  }

  /** As on a kernel or in a container that does not let it; the application goes on. */
  @Test
  void theAgentCouldNotTrace() {
    assumeTrue(new File("/proc/1/mem").canWrite(), "only root can become another user");
    try (Running jvm = AgentProcess.of(Conductor.class).under(user()).start()) {
      jvm.tell("start", "r");
      assertThatThrownBy(() -> jvm.tell("require", "kernel.FileOpen"))
          .hasMessageContaining("no events kernel.FileOpen: ")
          .hasMessageContaining("EPERM");
    }
  }

  @Test
  void theAgentIsGone() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r");
      jvm.tell("require", "kernel.FileOpen");
      assertThat(AgentProcess.command("detach", jvm.pid()).run().exitCode()).isZero();
      assertThatThrownBy(() -> jvm.tell("require-complete"))
          .hasMessageContaining("the agent is not in this JVM")
          .hasMessageContaining("required=true");
    }
  }

  @Test
  void eventsWereLost() {
    String path = "/no/such/directory".repeat(200);
    try (Running jvm = AgentProcess.of(Conductor.class).agent("pages=16").start()) {
      jvm.tell("start", "r");
      jvm.tell("require", "kernel.FileOpen");
      String lost = "";
      // until the buffer overruns
      while (lost.isEmpty()) {
        jvm.tell("call", 5_000, "openat", -100, "text:" + path, 0);
        lost = complaint(jvm);
      }
      assertThat(lost).containsPattern("\\d+ kernel events were lost: .*buffer");
    }
  }

  private static String complaint(Running jvm) {
    try {
      jvm.tell("require-complete");
      return "";
    } catch (AssertionError e) {
      return String.valueOf(e.getMessage());
    }
  }
}
