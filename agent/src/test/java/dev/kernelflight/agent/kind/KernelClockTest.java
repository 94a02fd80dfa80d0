package dev.kernelflight.agent.kind;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.events.TickClock;
import java.util.Random;
import jdk.jfr.Recording;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** Clocks that the test winds: a microsecond of nanos passes with every reading. */
class KernelClockTest {
  private static final long READING_NANOS = 1_000;
  private static final long SECOND = 1_000_000_000L;

  /** Where the test says so, what the reading of the ticks costs in addition. */
  private long interruption;

  private long nanos = 7_000 * SECOND;
  private double ticksPerNano = 1;
  private double ticks = 123_456;

  private void pass(long time) {
    nanos += time;
    ticks += time * ticksPerNano;
  }

  private long readNanos() {
    pass(READING_NANOS);
    return nanos;
  }

  private long readTicks() {
    pass(READING_NANOS);
    long read = (long) ticks;
    pass(interruption);
    return read;
  }

  private KernelClock clock(long namespaceOffset) {
    return new KernelClock(this::readNanos, this::readTicks, namespaceOffset);
  }

  @Test
  void clocksOfTheSameRate() {
    KernelClock clock = clock(0);
    long start = nanos;
    double startTicks = ticks;
    pass(SECOND);
    clock.anchor();
    for (long after : new long[] {0, 1, 1_000, SECOND / 2, SECOND}) {
      assertThat((double) clock.ticks(start + after))
          .isCloseTo(startTicks + after, Assertions.within(READING_NANOS * 2.0));
    }
  }

  /** A counter of 2.4 GHz, say, of which nobody said so. */
  @Test
  void ticksOfAnyRate() {
    ticksPerNano = 2.4;
    KernelClock clock = clock(0);
    for (int i = 0; i < 10; i++) {
      long before = nanos;
      double beforeTicks = ticks;
      pass(SECOND);
      clock.anchor();
      assertThat((double) clock.ticks(before + SECOND / 3))
          .isCloseTo(beforeTicks + SECOND * 0.8, Assertions.within(READING_NANOS * 5.0));
    }
  }

  /** Between two anchors the rate is the one between them, whatever it was before. */
  @Test
  void drift() {
    KernelClock clock = clock(0);
    Random random = new Random(3);
    for (int i = 0; i < 100; i++) {
      ticksPerNano = 1 + random.nextGaussian() / 1000;
      long before = nanos;
      double beforeTicks = ticks;
      pass(SECOND);
      clock.anchor();
      long after = random.nextLong(SECOND);
      assertThat((double) clock.ticks(before + after))
          .isCloseTo(beforeTicks + after * ticksPerNano, Assertions.within(READING_NANOS * 5.0));
    }
  }

  @Test
  void orderIsKept() {
    ticksPerNano = 3;
    KernelClock clock = clock(0);
    long from = nanos;
    pass(SECOND);
    clock.anchor();
    long last = Long.MIN_VALUE;
    for (long at = from; at < nanos; at += 12_345) {
      long tick = clock.ticks(at);
      assertThat(tick).isGreaterThan(last);
      last = tick;
    }
  }

  /** The kernel's own clock does not know of the namespace that this process reads its in. */
  @Test
  void aTimeNamespace() {
    KernelClock plain = clock(0);
    KernelClock ahead = clock(50 * SECOND);
    pass(SECOND);
    plain.anchor();
    ahead.anchor();
    long now = nanos - SECOND / 2;
    assertThat((double) ahead.ticks(now - 50 * SECOND))
        .isCloseTo((double) plain.ticks(now), Assertions.within(READING_NANOS * 20.0));
  }

  /** A thread that loses its CPU between two readings must not bend the time. */
  @Test
  void ofSeveralReadingsTheClosestOnesCount() {
    KernelClock clock =
        new KernelClock(
            this::readNanos,
            () -> {
              interruption = interruption == 0 ? SECOND / 100 : 0;
              return readTicks();
            },
            0);
    long before = nanos;
    double beforeTicks = ticks;
    pass(SECOND);
    clock.anchor();
    assertThat((double) clock.ticks(before + SECOND / 2))
        .isCloseTo(beforeTicks + SECOND * 0.5, Assertions.within(READING_NANOS * 5.0));
  }

  /** A millisecond between anchors is a hundred times what readings on a cold JVM are apart. */
  @Test
  void theRealClocks() throws Exception {
    long slack = 50_000;
    try (Recording recording = new Recording()) {
      recording.start();
      KernelClock clock = new KernelClock(System::nanoTime, TickClock::now, 0);
      for (int i = 0; i < 100; i++) {
        Thread.sleep(1);
        long before = TickClock.now();
        long event = System.nanoTime();
        long after = TickClock.now();
        Thread.sleep(1);
        clock.anchor();
        assertThat(clock.ticks(event)).as("event " + i).isBetween(before - slack, after + slack);
      }
    }
  }
}
