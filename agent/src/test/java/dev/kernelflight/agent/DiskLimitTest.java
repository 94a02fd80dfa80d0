package dev.kernelflight.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;

class DiskLimitTest {
  @Test
  void ofARecordingThatMayFillTheDisk() {
    try (Recording recording = new Recording()) {
      recording.setName("always");
      recording.setToDisk(true);
      recording.setMaxAge(Duration.ofHours(1));
      assertThat(DiskLimit.warning(recording))
          .startsWith("recording \"always\" keeps the events of 1h without a limit of size")
          .contains("maxsize=500m")
          .doesNotContain("\n");
      recording.setMaxSize(1 << 20);
      assertThat(DiskLimit.warning(recording)).isNull();
    }
  }

  @Test
  void ofOthers() {
    try (Recording recording = new Recording()) {
      assertThat(DiskLimit.warning(recording)).isNull();
      recording.setMaxAge(Duration.ofHours(1));
      recording.setToDisk(false);
      assertThat(DiskLimit.warning(recording)).isNull();
      recording.setToDisk(true);
      recording.setDuration(Duration.ofMinutes(1));
      assertThat(DiskLimit.warning(recording)).isNull();
    }
  }
}
