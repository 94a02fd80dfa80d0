package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * In whatever order the agent is loaded, loaded again and detached, and recordings start and stop:
 * what threads open while a recording runs and the agent is loaded is in the recording, with the
 * thread that opened it, and nothing else is.
 */
@Tag("kernel")
class LoadOrderTest {
  private static final List<String> THREADS =
      List.of("platform", "virtual", "old-platform", "old-virtual");

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "start load stop",
        "load start load stop start stop",
        "start load load detach load stop",
        "load load start detach load load stop",
        "load detach start load stop start detach load stop",
        "start load detach stop load start stop",
        "loaded start load detach load stop",
        "loaded start stop load detach detach start load stop",
        // as Tomcat does; the jar of an attached agent is gone, too
        "uncached start load stop",
        "uncached load start detach load stop",
      })
  void isRecordedWithItsThread(String order) {
    List<String> steps = new ArrayList<>(List.of(order.split(" ")));
    boolean loaded = steps.remove("loaded");
    boolean recording = false;
    boolean detachedMeanwhile = false;
    boolean refused = false;
    List<Runnable> losses = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    List<RecordedEvent> opens = new ArrayList<>();
    AgentProcess process = AgentProcess.of(Conductor.class).jvm("-XX:+EnableDynamicAgentLoading");
    try (Running jvm = (loaded ? process : process.withoutAgent()).start()) {
      jvm.tell("open-by-threads", "/of/0");
      for (int i = 0; i < steps.size(); i++) {
        switch (steps.get(i)) {
          case "load" -> {
            Finished attach = AgentProcess.command("attach", jvm.pid()).run();
            assertThat(attach.exitCode()).as(attach.err()).isZero();
            loaded = true;
          }
          case "detach" -> {
            Finished detach = AgentProcess.command("detach", jvm.pid()).run();
            assertThat(detach.exitCode()).as(detach.err()).isEqualTo(loaded ? 0 : 1);
            refused |= !loaded;
            detachedMeanwhile |= recording && loaded;
            loaded = false;
          }
          case "start" -> {
            jvm.tell("start", "r");
            recording = true;
            detachedMeanwhile = false;
          }
          case "stop" -> {
            Path file = temp.resolve(i + ".jfr");
            jvm.tell("stop", "r", file);
            recording = false;
            Recorded recorded = Recorded.in(file);
            losses.add(
                detachedMeanwhile
                    ? () -> recorded.assertLostBecause("the agent was detached")
                    : recorded::assertNothingElseLost);
            opens.addAll(recorded.opens());
          }
          default -> jvm.tell(steps.get(i));
        }
        jvm.tell("open-by-threads", "/of/" + i);
        if (loaded && recording) {
          for (String thread : THREADS) {
            wanted.add("/of/" + i + "/" + thread);
          }
        }
      }
      Finished finished = jvm.end();
      if (!refused) { // which the JVM tells by a stack trace
        assertThat(finished.err().replaceAll("(?m)^.*already loaded.*\n", "")).isEmpty();
      }
    }
    assertThat(opens)
        .filteredOn(open -> open.getString("path").startsWith("/of/"))
        .allSatisfy(LoadOrderTest::assertOfItsThread)
        .extracting(open -> open.getString("path"))
        .containsExactlyElementsOf(wanted);
    losses.forEach(Runnable::run);
  }

  private static void assertOfItsThread(RecordedEvent open) {
    String path = open.getString("path");
    assertThat(open.getThread()).as("thread of " + path).isNotNull();
    assertThat(open.getThread().getJavaName())
        .as("thread of " + path)
        .isEqualTo(path.substring(path.lastIndexOf('/') + 1));
    assertThat(open.getThread().isVirtual()).as(path).isEqualTo(path.endsWith("virtual"));
  }
}
