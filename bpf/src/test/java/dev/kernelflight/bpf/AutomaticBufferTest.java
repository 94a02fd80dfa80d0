package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.ring.Shrinking;
import dev.kernelflight.bpf.sys.KernelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which kind of buffer is taken, by what the kernel grants. */
class AutomaticBufferTest {
  private static final int EPERM = 1;
  private static final long KB = 1024;

  private final List<Buffer> attempts = new ArrayList<>();

  /** What would be opened. */
  private record Opened(Buffer kind, String because) {}

  /** A kernel that grants so many bytes to each perf buffer, and a ring buffer or not. */
  private AutomaticBuffer.Opener<Opened> granting(long perfBytes, boolean ring) {
    return (kind, leastBytes, because) -> {
      attempts.add(kind);
      boolean granted = kind == Buffer.PERF ? leastBytes <= perfBytes : ring;
      if (!granted) {
        throw new KernelException("open(" + kind + ")", EPERM);
      }
      return new Opened(kind, because);
    };
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 4096, true, PERF, ''",
    "4096, 512, true, PERF, ''",
    "4096, 256, true, PERF, ''",
    "4096, 128, true, RING, no perf buffers: open(PERF): EPERM (operation not permitted)",
    "4096, 0, true, RING, no perf buffers: open(PERF): EPERM (operation not permitted)",
    "4096, 128, false, PERF, no ring buffer: open(RING): EPERM (operation not permitted)",
    // whoever wants little gets it
    "64, 64, true, PERF, ''"
  })
  void perfBuffersUnlessTheyAreRefusedOrSmall(
      long wantedKb, long grantedKb, boolean ring, Buffer kind, String because) throws Exception {
    assertThat(AutomaticBuffer.open(wantedKb * KB, granting(grantedKb * KB, ring)))
        .isEqualTo(new Opened(kind, because));
  }

  @Test
  void whereNeitherIsGrantedBothAnswersAreTold() {
    assertThatThrownBy(
            () -> AutomaticBuffer.open(4096 * KB, granting(Shrinking.LEAST_BYTES - 1, false)))
        .hasMessageStartingWith("open(PERF): EPERM")
        .satisfies(e ->
            assertThat(e.getSuppressed())
                .singleElement()
                .satisfies(ring -> assertThat(ring).hasMessageStartingWith("open(RING): EPERM")));
    assertThat(attempts).containsExactly(Buffer.PERF, Buffer.RING, Buffer.PERF);
  }
}
