package dev.kernelflight.agent.kind;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.StatisticsReader;
import org.junit.jupiter.api.Test;

class StatisticsEmitterTest {
  private final long[] histogram = new long[StatisticsReader.BUCKETS];

  @Test
  void aPercentileLiesInItsBucket() {
    histogram[10] = 90; // 1024 to 2047 ns
    histogram[20] = 10; // 1048576 to 2097151 ns
    assertThat(StatisticsEmitter.percentile(histogram, 50, 1_500_000)).isBetween(1024L, 2047L);
    assertThat(StatisticsEmitter.percentile(histogram, 90, 1_500_000)).isEqualTo(2047);
    assertThat(StatisticsEmitter.percentile(histogram, 99, 1_500_000))
        .isBetween(1_048_576L, 1_500_000L);
    assertThat(StatisticsEmitter.percentile(histogram, 100, 1_500_000)).isEqualTo(1_500_000);
  }

  @Test
  void oneCall() {
    histogram[5] = 1;
    assertThat(StatisticsEmitter.percentile(histogram, 50, 40)).isBetween(32L, 40L);
    assertThat(StatisticsEmitter.percentile(histogram, 99, 40)).isBetween(32L, 40L);
  }

  @Test
  void theLastBucketHasNoEnd() {
    histogram[StatisticsReader.BUCKETS - 1] = 1;
    long hour = 3_600_000_000_000L;
    assertThat(StatisticsEmitter.percentile(histogram, 100, hour)).isEqualTo(hour);
    assertThat(StatisticsEmitter.longest(histogram, hour)).isEqualTo(hour);
  }

  @Test
  void noCalls() {
    assertThat(StatisticsEmitter.percentile(histogram, 50, 7)).isEqualTo(7);
    assertThat(StatisticsEmitter.longest(histogram, 7)).isEqualTo(7);
  }

  /** A maximum that an earlier event told of, or one that came too late to be seen. */
  @Test
  void theLongestIsOfTheseCalls() {
    histogram[10] = 3;
    assertThat(StatisticsEmitter.longest(histogram, 1500)).isEqualTo(1500);
    assertThat(StatisticsEmitter.longest(histogram, 0)).isEqualTo(1024);
    assertThat(StatisticsEmitter.longest(histogram, 1_000_000)).isEqualTo(2047);
  }
}
