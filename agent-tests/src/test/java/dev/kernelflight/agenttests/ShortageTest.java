package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Something is short for a moment: tracing goes on, or begins as soon as it can, and the recording
 * tells what is missing.
 */
@Tag("kernel")
class ShortageTest {
  private static final List<String> WITH_FEW_DESCRIPTORS =
      List.of("sh", "-c", "ulimit -n 256; exec \"$@\"", "sh");
  private static final int OPENS = 20;
  private static final int PATIENCE_ROUNDS = 3_000;

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private static Running jvmWithFewDescriptors() {
    // JFR has something to say about it, too
    return AgentProcess.of(Conductor.class)
        .jvm("-XX:-MaxFDLimit", "-Xlog:jfr*=off")
        .under(WITH_FEW_DESCRIPTORS)
        .start();
  }

  private static void open(Running jvm, int from) {
    IntStream.range(from, from + OPENS).forEach(i -> jvm.tell("open", "/numbered/" + i));
  }

  private static List<String> numberedOpens(Recorded recorded, String errno) {
    return recorded.opens().stream()
        .filter(open -> errno.equals(open.getString("errno")))
        .map((RecordedEvent open) -> open.getString("path"))
        .filter(path -> path.startsWith("/numbered/"))
        .toList();
  }

  private static List<String> paths(int from) {
    return IntStream.range(from, from + OPENS).mapToObj(i -> "/numbered/" + i).toList();
  }

  @Test
  @Tag("portable")
  void anApplicationThatRunsOutOfDescriptors() {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = jvmWithFewDescriptors()) {
      jvm.tell("start", "r");
      jvm.tell("take-all-descriptors");
      jvm.tell("await-settings");
      open(jvm, 0);
      jvm.tell("give-descriptors-back");
      open(jvm, OPENS);
      jvm.tell("stop", "r", file);
      assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
    }
    Recorded recorded = Recorded.in(file);
    assertThat(numberedOpens(recorded, "EMFILE")).isEqualTo(paths(0));
    assertThat(numberedOpens(recorded, "ENOENT")).isEqualTo(paths(OPENS));
    recorded.assertNothingLost();
  }

  @Test
  @Tag("portable")
  void tracingThatBeginsLateForWantOfDescriptors() throws Exception {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = jvmWithFewDescriptors()) {
      // JFR itself could not begin to record without descriptors
      jvm.tell(
          "start", "r", Recorded.FILE_OPEN, Recorded.SYSCALL, Recorded.STATISTICS, Recorded.SIGNAL);
      jvm.tell("take-all-descriptors");
      jvm.tell("enable", "r", Recorded.FILE_OPEN);
      jvm.tell("await-settings");
      open(jvm, 0);
      jvm.tell("give-descriptors-back");
      for (int i = 0; i < PATIENCE_ROUNDS && jvm.programs() == 0; i++) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      // what is attached is told right afterwards
      jvm.tell("await-settings");
      open(jvm, OPENS);
      jvm.tell("stop", "r", file);
      Finished finished = jvm.end();
      assertThat(finished.exitCode()).isEqualTo(3);
      assertThat(finished.messages()).as(finished.err()).isEqualTo(2);
      assertThat(finished.err())
          .contains("EMFILE", "The agent tries again each second", "are recorded again");
    }
    Recorded recorded = Recorded.in(file);
    assertThat(numberedOpens(recorded, "EMFILE")).isEmpty();
    assertThat(numberedOpens(recorded, "ENOENT")).isEqualTo(paths(OPENS));
    assertThat(recorded.named(Recorded.EVENTS_LOST))
        .filteredOn(lost -> lost.getString("reason").startsWith("kernel.FileOpen was not recorded"))
        .singleElement()
        .satisfies(lost -> {
          assertThat(lost.getLong("count")).isEqualTo(-1);
          assertThat(lost.getDuration()).isGreaterThan(java.time.Duration.ofSeconds(2));
          assertThat(lost.getString("reason")).contains("EMFILE");
        });
    assertThat(recorded.named(Recorded.PROBE))
        .extracting(probe -> probe.getString("hook").equals("none"))
        .startsWith(true)
        .endsWith(false);
    assertThat(AgentProcess.command("print", file).run().out())
        .contains("; an unknown number lost; hook");
    assertThat(AgentProcess.command("report", file).run().out())
        .contains("An unknown number of kernel events is missing from the recording");
  }

  /** JFR and the agent find no memory either for some seconds; then all goes on. */
  @Test
  void anApplicationThatFillsItsHeap() {
    Path file = temp.resolve("recording.jfr");
    int made;
    try (Running jvm =
        AgentProcess.of(Conductor.class)
            .jvm("-Xmx48m", "-XX:+UseSerialGC", "-Xlog:jfr*=off")
            .start()) {
      jvm.tell("start", "r", Recorded.SYSCALL, Recorded.STATISTICS, Recorded.SIGNAL);
      open(jvm, 0);
      made = Integer.parseInt(jvm.tell("open-while-heap-full", "/full/", 200));
      open(jvm, OPENS);
      assertThat(jvm.programs()).isPositive();
      jvm.tell("stop", "r", file);
      assertThat(jvm.end().exitCode()).isEqualTo(3);
    }
    Recorded recorded = Recorded.in(file);
    assertThat(numberedOpens(recorded, "ENOENT")).containsAll(paths(OPENS));
    // each of them is there or is told
    long full =
        recorded.opens().stream()
            .filter(open -> open.getString("path").startsWith("/full/"))
            .count();
    if (full < made) {
      assertThat(recorded.named(Recorded.EVENTS_LOST))
          .as("%d of %d opens were recorded", full, made)
          .isNotEmpty();
    }
  }

  /** A user of its own: the limit is on all threads of a user. */
  private static final List<String> WITH_FEW_THREADS =
      List.of(
          "prlimit",
          "--nproc=100:100",
          "--memlock=" + RefusalTest.lockedMemory(),
          "setpriv",
          "--reuid=4242",
          "--regid=4242",
          "--clear-groups",
          "--inh-caps=-all,+bpf,+perfmon",
          "--ambient-caps=-all,+bpf,+perfmon");

  @Test
  void theAgentsThreadCannotBeStarted() throws Exception {
    assumeTrue(System.getProperty("user.name", "").equals("root"), "only root can become a user");
    Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path file = temp.resolve("recording.jfr");
    try (Running jvm =
        AgentProcess.of(Conductor.class)
            .withoutAgent()
            .jvm("-XX:+UseSerialGC", "-XX:+EnableDynamicAgentLoading", "-Xlog:os+thread=off")
            .under(WITH_FEW_THREADS)
            .start()) {
      jvm.tell("start", "r");
      // by then the JVM has a thread that answers
      jcmd(jvm, "VM.version");
      jvm.tell("take-all-threads");
      jcmd(jvm, "JVMTI.agent_load", AgentProcess.agentJar().toString());
      open(jvm, 0);
      jvm.tell("give-threads-back");
      for (int i = 0; i < PATIENCE_ROUNDS && jvm.programs() == 0; i++) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      jvm.tell("await-settings");
      open(jvm, OPENS);
      jvm.tell("stop", "r", file);
      Finished finished = jvm.end();
      assertThat(finished.exitCode()).isEqualTo(3);
      assertThat(finished.err())
          .contains("unable to create native thread", "ulimit -u", "are recorded again");
    }
    Recorded recorded = Recorded.in(file);
    assertThat(numberedOpens(recorded, "ENOENT")).isEqualTo(paths(OPENS));
    assertThat(recorded.named(Recorded.EVENTS_LOST))
        .filteredOn(lost -> lost.getString("reason").startsWith("kernel.FileOpen was not recorded"))
        .singleElement()
        .satisfies(lost -> {
          assertThat(lost.getLong("count")).isEqualTo(-1);
          assertThat(lost.getString("reason")).contains("unable to create native thread");
        });
  }

  private static void jcmd(Running jvm, String... words) {
    List<String> line = new ArrayList<>();
    line.add(AgentProcess.java().resolveSibling("jcmd").toString());
    line.add(Long.toString(jvm.pid()));
    line.addAll(List.of(words));
    Finished finished = AgentCommand.runLine(line);
    assertThat(finished.exitCode()).as(finished.out() + finished.err()).isZero();
  }
}
