package dev.kernelflight.agent.pump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.kernelflight.agent.jfr.Losses;
import dev.kernelflight.bpf.Counters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way in which an event can be missing becomes an event of its own, once. */
class LossReporterTest {
  private static final Counters NOTHING = new Counters(100, 0, 100, 0, 0, 0);

  @TempDir Path temp;

  @Test
  void everyReasonIsTold() throws IOException {
    Path file = temp.resolve("lost.jfr");
    try (Recording recording = new Recording(Map.of("kernel.EventsLost#enabled", "true"))) {
      recording.start();
      LossReporter reporter = new LossReporter(Losses::commit);
      reporter.report(new Counters[] {NOTHING, NOTHING}, 0, 0);
      Counters[] lost = {new Counters(200, 1, 200, 2, 3, 6), NOTHING};
      reporter.report(lost, 4, 5);
      reporter.report(lost, 4, 5);
      lost[1] = new Counters(100, 10, 100, 0, 0, 0);
      reporter.report(lost, 24, 5);
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(events)
        .extracting(
            (RecordedEvent event) -> event.getInt("cpu"),
            event -> event.getLong("count"),
            event -> event.getString("reason").split("[ :]", 4)[1])
        .containsExactlyInAnyOrder(
            tuple(0, 1L, "buffer"),
            tuple(0, 2L, "return"),
            tuple(0, 3L, "call"),
            tuple(0, 6L, "calls"),
            tuple(-1, 4L, "kernel"),
            tuple(-1, 5L, "record"),
            tuple(1, 10L, "buffer"),
            tuple(-1, 20L, "kernel"));
  }
}
