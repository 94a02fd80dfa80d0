package dev.kernelflight.bpf.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.sys.KernelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShrinkingTest {
  private static final long KB = 1024;
  private final List<Long> attempts = new ArrayList<>();

  private Shrinking.Opener<String> upTo(long bytes, int errno) {
    return attempt -> {
      attempts.add(attempt);
      if (attempt > bytes) {
        throw new KernelException("mmap of " + attempt, errno);
      }
      return "buffer of " + attempt;
    };
  }

  @Test
  void whatCanBeHadIsNotShrunk() throws Exception {
    assertThat(Shrinking.open(1024 * KB, upTo(1024 * KB, 12))).isEqualTo("buffer of 1048576");
    assertThat(attempts).hasSize(1);
  }

  /** ENOMEM of mmap, EPERM of the perf memory limit, EAGAIN of locked memory. */
  @ParameterizedTest
  @ValueSource(ints = {12, 1, 11})
  void halvedUntilItFits(int errno) throws Exception {
    assertThat(Shrinking.open(1024 * KB, upTo(200 * KB, errno))).isEqualTo("buffer of 131072");
    assertThat(attempts).containsExactly(1024 * KB, 512 * KB, 256 * KB, 128 * KB);
  }

  @Test
  void notBelowTheLeastThatIsWorthHaving() {
    assertThatThrownBy(() -> Shrinking.open(256 * KB, upTo(0, 12)))
        .isInstanceOf(KernelException.class)
        .hasMessageContaining("mmap of 65536");
    assertThat(attempts).containsExactly(256 * KB, 128 * KB, 64 * KB);
  }

  @Test
  void notForOtherReasons() {
    assertThatThrownBy(() -> Shrinking.open(1024 * KB, upTo(0, 22))).hasMessageContaining("EINVAL");
    assertThat(attempts).hasSize(1);
  }

  @Test
  void lessThanTheLeastIsTriedAsItIs() throws Exception {
    assertThat(Shrinking.open(8 * KB, upTo(8 * KB, 12))).isEqualTo("buffer of 8192");
  }
}
