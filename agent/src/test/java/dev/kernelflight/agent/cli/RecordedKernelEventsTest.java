package dev.kernelflight.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordedKernelEventsTest {
  private static final int CHUNK_HEADER = 68;

  @TempDir Path temp;
  private byte[] content = {};

  @Name("kernel.Probe")
  static final class Probe extends Event {
    @Nullable String hook;
    @Nullable String target;
  }

  @BeforeEach
  void record() throws Exception {
    Path file = temp.resolve("whole.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      Probe probe = new Probe();
      probe.hook = "fentry";
      probe.target = "do_sys_openat2";
      probe.commit();
      recording.dump(file);
    }
    content = Files.readAllBytes(file);
  }

  private RecordedKernelEvents read(byte[] bytes) throws Exception {
    Path file = Files.write(temp.resolve("file.jfr"), bytes);
    return RecordedKernelEvents.in(file, Path.of("app.jfr"));
  }

  @Test
  void whatThereIs() throws Exception {
    assertThat(read(content).summary()).isEqualTo("0 lost; by fentry do_sys_openat2");
  }

  @Test
  void aRecordingThatEndsTooEarly() {
    assertThatThrownBy(() -> read(Arrays.copyOf(content, content.length - 100)))
        .isInstanceOf(CommandFailedException.class)
        .hasMessageStartingWith("app.jfr was fetched, but is damaged");
  }

  /** The JDK's reader throws whatever comes; it is always one message. */
  @Test
  void aDamagedRecordingIsNoCrash() throws Exception {
    int damaged = 0;
    for (int seed = 0; seed < 30; seed++) {
      byte[] bytes = content.clone();
      Random random = new Random(seed);
      for (int i = 0; i < 20; i++) {
        bytes[CHUNK_HEADER + random.nextInt(bytes.length - CHUNK_HEADER)] = (byte) random.nextInt();
      }
      try {
        read(bytes);
      } catch (CommandFailedException e) {
        assertThat(e).hasMessageStartingWith("app.jfr ");
        damaged++;
      }
    }
    assertThat(damaged).isPositive();
  }
}
