package dev.kernelflight.agent.kind;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * Maps the kernel's CLOCK_MONOTONIC (ns) to the ticks of JFR's clock by interpolating between two
 * anchors, moments at which both clocks were read together. An anchor is taken at each drain, so
 * that what is drained lies between the last two; the clocks' rates are never taken on trust, since
 * they drift by microseconds a minute. One thread at a time.
 */
public final class KernelClock {
  private static final Path TIME_NAMESPACE = Path.of("/proc/self/timens_offsets");
  private static final int TRIES = 5;

  private final LongSupplier nanoTime;
  private final LongSupplier ticks;
  private final long namespaceOffset;

  private long previousNanos;
  private long previousTick;
  private long latestNanos;
  private long latestTick;
  private double ticksPerNano;

  /**
   * @param ticks reads JFR's clock
   * @throws UncheckedIOException if the kernel does not tell this process' time namespace now
   */
  public KernelClock(LongSupplier ticks) {
    this(System::nanoTime, ticks, monotonicOffset());
  }

  /**
   * With other clocks.
   *
   * @param namespaceOffset what this process' time namespace adds to the kernel's clock, in ns
   */
  public KernelClock(LongSupplier nanoTime, LongSupplier ticks, long namespaceOffset) {
    this.nanoTime = nanoTime;
    this.ticks = ticks;
    this.namespaceOffset = namespaceOffset;
    anchor();
    anchor();
  }

  /** Takes the anchor that ends the span in which records to come were made. */
  public void anchor() {
    previousNanos = latestNanos;
    previousTick = latestTick;
    long best = Long.MAX_VALUE;
    for (int i = 0; i < TRIES; i++) {
      long before = nanoTime.getAsLong();
      long tick = ticks.getAsLong();
      long after = nanoTime.getAsLong();
      if (after - before < best) {
        best = after - before;
        latestNanos = before + best / 2;
        latestTick = tick;
      }
    }
    if (latestNanos > previousNanos) {
      ticksPerNano = (double) (latestTick - previousTick) / (latestNanos - previousNanos);
    }
  }

  /** The tick of a kernel time. */
  public long ticks(long kernelNanos) {
    long sincePrevious = nanoTime(kernelNanos) - previousNanos;
    return previousTick + (long) (sincePrevious * ticksPerNano);
  }

  /** A kernel time as {@link System#nanoTime} tells it. */
  public long nanoTime(long kernelNanos) {
    return kernelNanos + namespaceOffset;
  }

  /** How far this process' time namespace is ahead of the kernel's own clock, in ns. */
  private static long monotonicOffset() {
    try {
      for (String line : Files.readAllLines(TIME_NAMESPACE)) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields.length == 3 && fields[0].equals("monotonic")) {
          return Long.parseLong(fields[1]) * 1_000_000_000L + Long.parseLong(fields[2]);
        }
      }
    } catch (NoSuchFileException | NumberFormatException e) {
      // a kernel without time namespaces has no offset
    } catch (IOException e) {
      // with none instead of the true offset all times would be wrong
      throw new UncheckedIOException(e);
    }
    return 0;
  }
}
