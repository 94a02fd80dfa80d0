package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The locked memory of perf buffers is counted for each user: the first JVM takes nearly all of it,
 * and every further one of the same user, also in another container, takes the ring buffer.
 */
@Tag("kernel")
class SharedLockedMemoryTest {
  private static final String NUMBERED = "/numbered/";

  @TempDir Path temp;

  @BeforeEach
  void needs() throws IOException {
    KernelTracing.require();
    assumeTrue(System.getProperty("user.name", "").equals("root"), "only root can become a user");
    assumeTrue(KernelTracing.chargesControlGroups(), "here the limit is for BPF maps, too");
    Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  private static List<String> littleMemory() {
    List<String> command = new ArrayList<>(List.of("prlimit", "--memlock=65536:65536"));
    command.addAll(user("bpf", "perfmon"));
    return command;
  }

  private static String buffer(Recorded recorded) {
    return recorded.named(Recorded.PROBE).stream()
        .filter(probe -> Recorded.FILE_OPEN.equals(probe.getString("event")))
        .map(probe -> probe.getString("buffer"))
        .findFirst()
        .orElse("none");
  }

  private Recorded record(Running jvm, String name) {
    jvm.tell("open", NUMBERED + name);
    jvm.tell("stop", "r", temp.resolve(name));
    Recorded recorded = Recorded.in(temp.resolve(name));
    assertThat(recorded.opensOf(NUMBERED + name)).hasSize(1);
    return recorded;
  }

  @Test
  void everyJvmOfAUserRecords() {
    try (Running first = AgentProcess.of(Conductor.class).under(littleMemory()).start();
        Running second = AgentProcess.of(Conductor.class).under(littleMemory()).start();
        Running third = AgentProcess.of(Conductor.class).under(littleMemory()).start()) {
      for (Running jvm : List.of(first, second, third)) {
        jvm.tell("start", "r");
      }
      Finished doctor = AgentProcess.command("doctor").under(littleMemory()).run();
      assertThat(buffer(record(first, "first"))).startsWith("perf buffers of ");
      for (Running other : List.of(second, third)) {
        assertThat(buffer(record(other, other == second ? "second" : "third")))
            .startsWith("ring buffer of ")
            .contains("no perf buffers: mmap(", "over the limit of locked memory");
      }
      assertThat(doctor.exitCode()).as(doctor.out()).isZero();
      assertThat(doctor.out())
          .containsPattern("warn +perf-buffer +mmap.*over the limit of locked memory")
          .contains("all processes of uid 1000 together", "perf_event_mlock_kb", "CAP_IPC_LOCK");
      for (Running jvm : List.of(first, second, third)) {
        assertThat(jvm.end().messages()).isZero();
      }
    }
  }

  /** Whoever asks for perf buffers is told why there are none, and what to do. */
  @Test
  void perfBuffersThatWereAskedForAreRefused() {
    try (Running first = AgentProcess.of(Conductor.class).under(littleMemory()).start()) {
      first.tell("start", "r");
      Finished second =
          AgentProcess.of(Conductor.class)
              .agent("buffer=perf,required=true")
              .under(littleMemory())
              .run();
      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.err())
          .contains("over the limit of locked memory", "all processes of uid 1000 together")
          .contains("use buffer=auto or buffer=ring")
          .doesNotContain("kernels before 5.11", "lacks");
    }
  }
}
