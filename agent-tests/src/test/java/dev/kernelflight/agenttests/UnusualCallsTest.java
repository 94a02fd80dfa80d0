package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** System calls that return twice, late, elsewhere or never. */
@Tag("kernel")
@ExtendWith(AgainWhereSkipped.class)
class UnusualCallsTest {
  private static final long PATIENCE_SECONDS = 60;
  private static final String EVERY = Recorded.SYSCALL + "#threshold=0ns";

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private Path recording() {
    return temp.resolve("recording.jfr");
  }

  private static String syscalls(String names) {
    return Recorded.SYSCALL + "#syscalls=" + names;
  }

  private static void assertEndsQuietly(Running jvm) {
    assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
  }

  private static void shell(String command) throws Exception {
    assertThat(new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor()).isZero();
  }

  /** Stops the process and lets it go on, as a debugger or job control does. */
  private static void stopAndContinue(Running jvm) throws Exception {
    Path stat = Path.of("/proc/" + jvm.pid() + "/stat");
    shell("kill -STOP " + jvm.pid());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!Files.readString(stat).contains(") T ")) {
      assertThat(System.nanoTime()).as("waiting until the JVM is stopped").isLessThan(deadline);
    }
    shell("kill -CONT " + jvm.pid());
  }

  private static List<RecordedEvent> of(String thread, List<RecordedEvent> events) {
    return events.stream()
        .filter(
            event -> event.getThread() != null && thread.equals(event.getThread().getJavaName()))
        .toList();
  }

  private static String nameAndErrno(RecordedEvent event) {
    return event.getString("name") + " " + event.getString("errno");
  }

  /** One event follows the other, none overlaps. */
  private static void assertInTurns(List<RecordedEvent> events) {
    for (int i = 1; i < events.size(); i++) {
      assertThat(events.get(i).getStartTime())
          .as(events + "")
          .isAfterOrEqualTo(events.get(i - 1).getEndTime());
    }
  }

  /** The kernel's own errnos say how it goes on: the same call again, or restart_syscall. */
  @Test
  void callsThatSignalsInterrupt() throws Exception {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell(
          "start",
          "r",
          EVERY,
          syscalls("read,futex,restart_syscall,rt_sigreturn"),
          Recorded.STATISTICS + "#byThread=true",
          Recorded.FILE_OPEN);
      String reader = jvm.tell("wait-in-read");
      jvm.tell("wait-in-futex");
      jvm.tell("interrupt", reader);
      stopAndContinue(jvm);
      jvm.tell("release");
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertNothingLost();
    List<RecordedEvent> reader =
        of("reader", recorded.named(Recorded.SYSCALL)).stream()
            // handing the signal over and starting and ending a thread have futexes of their own
            .filter(event -> !event.getString("name").equals("futex"))
            .toList();
    assertThat(reader)
        .extracting(UnusualCallsTest::nameAndErrno)
        .containsExactly("read ERESTARTSYS", "rt_sigreturn null", "read ERESTARTSYS", "read null");
    assertInTurns(reader);
    assertThat(reader.get(3).getLong("result")).isEqualTo(1);
    assertThat(reader.get(3).getString("arguments"))
        .matches("fd=\\d+(\\(pipe:\\[\\d+]\\))? count=1");
    List<RecordedEvent> waiter = of("waiter", recorded.named(Recorded.SYSCALL));
    assertThat(waiter)
        .extracting(UnusualCallsTest::nameAndErrno)
        // EAGAIN where it goes on only when the lock is released already
        .map(call -> call.replace("restart_syscall EAGAIN", "restart_syscall null"))
        .containsSubsequence("futex ERESTART_RESTARTBLOCK", "restart_syscall null");
    assertInTurns(waiter);

    assertThat(of("reader", recorded.statistics("read")))
        .extracting((RecordedEvent event) -> event.getLong("count"))
        .allMatch(count -> count > 0);
    assertThat(sum(of("reader", recorded.statistics("read")), "count")).isEqualTo(3);
    assertThat(sum(of("reader", recorded.statistics("read")), "errors")).isEqualTo(2);
    assertThat(sum(of("reader", recorded.statistics("rt_sigreturn")), "errors")).isZero();
    assertThat(sum(of("waiter", recorded.statistics("restart_syscall")), "count")).isEqualTo(1);
  }

  private static long sum(List<RecordedEvent> events, String field) {
    return events.stream().mapToLong(event -> event.getLong(field)).sum();
  }

  /** Neither recording saw it whole. */
  @Test
  @Tag("portable")
  void aCallThatLastsFromOneRecordingToTheNext() {
    Path second = temp.resolve("second.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "first", EVERY, syscalls("read,getppid"));
      jvm.tell("wait-in-read");
      jvm.tell("stop", "first", recording());
      jvm.tell("start", "second", EVERY, syscalls("read,getppid"));
      jvm.tell("call", 1, "getppid");
      jvm.tell("release");
      jvm.tell("stop", "second", second);
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(second);
    recorded.assertNothingLost();
    assertThat(recorded.syscalls("getppid")).hasSize(1);
    // if the first had not ended yet when the second began, it is all of the call
    assertThat(of("reader", recorded.syscalls("read")))
        .allSatisfy(read -> assertThat(read.getLong("result")).isEqualTo(1))
        .hasSizeLessThanOrEqualTo(1);
    assertThat(of("reader", Recorded.in(recording()).syscalls("read"))).isEmpty();
  }

  @Test
  @Tag("portable")
  void otherProgramsAreStarted() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", EVERY, syscalls("execve,getppid,vfork,clone,clone3,wait4,waitid"));
      for (int i = 0; i < 5; i++) {
        assertThat(jvm.tell("run", "true")).isEqualTo("0");
      }
      jvm.tell("call", 1, "execve", "text:/no/such/program", 0, 0);
      jvm.tell("call", 7, "getppid");
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertNothingLost();
    // those of the children are not ours
    assertThat(recorded.syscalls("execve"))
        .singleElement()
        .satisfies(event -> {
          assertThat(event.getString("arguments")).isEqualTo("/no/such/program");
          assertThat(event.getString("errno")).isEqualTo("ENOENT");
          assertThat(event.getThread().getJavaName()).isEqualTo("main");
        });
    assertThat(recorded.syscalls("getppid")).hasSize(7);
    assertThat(sum(recorded.statistics("execve"), "count")).isEqualTo(1);
    assertThat(sum(recorded.statistics("execve"), "errors")).isEqualTo(1);
  }

  /** What the JVM becomes holds nothing of the agent's, and is not traced. */
  @Test
  void anotherProgramInPlaceOfTheJvm() throws IOException {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", EVERY);
      assertThat(jvm.programs()).isPositive();
      jvm.tell("become-shell", "echo ok; read end; exit 3");
      assertThat(jvm.kernelObjects()).isZero();
      assertThat(Files.readString(Path.of("/proc/" + jvm.pid() + "/comm"))).isEqualTo("sh\n");
      assertEndsQuietly(jvm);
    }
  }
}
