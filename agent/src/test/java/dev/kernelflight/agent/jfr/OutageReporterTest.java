package dev.kernelflight.agent.jfr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.agent.jfr.OutageReporter.Missing;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.KernelTracing;
import dev.kernelflight.events.ProbeEvent;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutageReporterTest {
  private static final String OPENS = "kernel.FileOpen";
  private static final String SAMPLES = "kernel.CpuSample";

  private final OutageReporter outages = new OutageReporter();

  @TempDir Path temp;

  private List<RecordedEvent> recorded(Runnable events) throws Exception {
    Path file = temp.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable(EventsLostEvent.class);
      recording.enable(ProbeEvent.class);
      recording.start();
      events.run();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file);
  }

  private static List<RecordedEvent> named(List<RecordedEvent> all, String name) {
    return all.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
  }

  @Test
  void toldFromItsBeginningToItsEnd() throws Exception {
    Map<String, Missing> missing = Map.of(OPENS, new Missing("first\n  second", true));
    List<RecordedEvent> all =
        recorded(() -> {
          assertThat(outages.update(missing)).isTrue();
          assertThat(outages.isEmpty()).isFalse();
          assertThat(outages.update(missing)).as("the same again").isFalse();
          outages.update(Map.of());
          assertThat(outages.isEmpty()).isTrue();
          outages.update(Map.of());
        });
    assertThat(named(all, "kernel.Probe"))
        .singleElement()
        .satisfies(probe -> {
          assertThat(probe.getString("event")).isEqualTo(OPENS);
          assertThat(probe.getString("hook")).isEqualTo("none");
          assertThat(probe.getString("refused")).isEqualTo("first\n  second");
        });
    assertThat(named(all, "kernel.EventsLost"))
        .singleElement()
        .satisfies(lost -> {
          assertThat(lost.getLong("count")).isEqualTo(EventsLostEvent.UNKNOWN);
          assertThat(lost.getInt("cpu")).isEqualTo(-1);
          assertThat(lost.getString("reason"))
              .isEqualTo("kernel.FileOpen was not recorded: first; second");
          assertThat(lost.getDuration()).isPositive();
        });
  }

  @Test
  void toldInEachChunkWithoutAGapBetweenThem() throws Exception {
    List<RecordedEvent> all =
        recorded(() -> {
          outages.update(Map.of(OPENS, new Missing("why", true)));
          outages.chunkEnds();
          outages.chunkBegins();
          outages.chunkEnds();
        });
    assertThat(named(all, "kernel.Probe")).hasSize(2);
    List<RecordedEvent> lost = named(all, "kernel.EventsLost");
    assertThat(lost).hasSize(2);
    assertThat(lost.get(1).getStartTime()).isAfterOrEqualTo(lost.get(0).getStartTime());
  }

  /**
   * A test that began before, and asks after it is over, is not to believe that nothing is missing.
   */
  @Test
  void whoeverWatchesIsTold() {
    KernelTracing.setAgent(
        new KernelTracing.Agent() {
          @Override
          public Set<String> active() {
            return Set.of(OPENS);
          }

          @Override
          public @Nullable String problem() {
            return null;
          }

          @Override
          public void countLosses() {
            // told at once
          }
        });
    try {
      KernelTracing tracing = KernelTracing.require(OPENS);
      outages.update(Map.of(OPENS, new Missing("why", true)));
      outages.update(Map.of());
      assertThatThrownBy(tracing::requireComplete)
          .hasMessage(
              "an unknown number of kernel events was lost: kernel.FileOpen was not recorded: why");
    } finally {
      KernelTracing.setAgent(null);
    }
  }

  @Test
  void withWhatToDo() throws Exception {
    Missing missing = new Missing("EMFILE", true, "raise it\n  or close some");
    List<RecordedEvent> all =
        recorded(() -> {
          outages.update(Map.of(OPENS, missing));
          outages.update(Map.of());
        });
    assertThat(named(all, "kernel.Probe"))
        .extracting(probe -> probe.getString("refused"))
        .containsExactly("EMFILE");
    assertThat(named(all, "kernel.EventsLost"))
        .extracting(lost -> lost.getString("reason"))
        .containsExactly(
            "kernel.FileOpen was not recorded: EMFILE; what to do: raise it; or close some");
  }

  @Test
  void onlyTheNewOneIsNews() throws Exception {
    Missing missing = new Missing("why", true);
    List<RecordedEvent> all =
        recorded(() -> {
          assertThat(outages.update(Map.of(OPENS, missing))).isTrue();
          assertThat(outages.update(Map.of(OPENS, missing, SAMPLES, missing))).isTrue();
          assertThat(outages.update(Map.of(SAMPLES, missing))).isFalse();
        });
    assertThat(named(all, "kernel.Probe"))
        .extracting(probe -> probe.getString("event"))
        .containsExactly(OPENS, SAMPLES);
    assertThat(named(all, "kernel.EventsLost"))
        .extracting(lost -> lost.getString("reason"))
        .containsExactly("kernel.FileOpen was not recorded: why");
  }

  @Test
  void aHookThatMissesSomethingIsStillAHook() throws Exception {
    List<RecordedEvent> all =
        recorded(() -> {
          outages.update(Map.of(SAMPLES, new Missing("not on CPUs {3=ENOMEM}", false)));
          outages.chunkEnds();
        });
    assertThat(named(all, "kernel.Probe")).isEmpty();
    assertThat(named(all, "kernel.EventsLost"))
        .extracting(lost -> lost.getString("reason"))
        .containsExactly("kernel.CpuSample was not recorded in full: not on CPUs {3=ENOMEM}");
  }
}
