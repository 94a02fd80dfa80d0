package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.nio.file.Path;
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
      jvm.tell("start", "r", Recorded.FILE_OPEN, Recorded.SYSCALL, Recorded.STATISTICS);
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
}
