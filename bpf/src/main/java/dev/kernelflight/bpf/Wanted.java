package dev.kernelflight.bpf;

import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * What is to be traced, and what of it is to be sent.
 *
 * @param fileOpens empty for none
 * @param syscalls empty for none
 * @param statistics empty for none
 * @param samples empty for none
 */
public record Wanted(
    Optional<FileOpens> fileOpens,
    Optional<Syscalls> syscalls,
    Optional<Statistics> statistics,
    Optional<Samples> samples) {
  /** Nothing at all: no probe is attached. */
  public static final Wanted NOTHING =
      new Wanted(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  /**
   * File opens.
   *
   * @param thresholdNanos shorter ones are not sent
   * @param failedOnly whether successful ones are not sent
   * @param prefixes of paths, others are not sent; none for all paths. What the kernel cannot
   *     compare it sends: more or longer prefixes than {@link Filter} holds
   */
  public record FileOpens(long thresholdNanos, boolean failedOnly, List<String> prefixes) {
    /** All of them. */
    public static final FileOpens ALL = new FileOpens(0, false, List.of());
  }

  /**
   * System calls.
   *
   * @param thresholdNanos shorter ones are not sent
   * @param failedOnly whether successful ones are not sent
   * @param numbers which
   */
  public record Syscalls(long thresholdNanos, boolean failedOnly, BitSet numbers) {}

  /**
   * Counts and times of every system call, kept in the kernel.
   *
   * @param byThread for each thread of its own
   */
  public record Statistics(boolean byThread) {}

  /**
   * What CPUs do at regular moments.
   *
   * @param frequency of each CPU, in Hz
   */
  public record Samples(int frequency) {}

  /** File opens alone, all of them. */
  public static Wanted fileOpensOnly() {
    return new Wanted(
        Optional.of(FileOpens.ALL), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** Whether any call is: what the threads' entries in the kernel are for. */
  boolean anyCalls() {
    return fileOpens.isPresent() || syscalls.isPresent() || statistics.isPresent();
  }

  /** Whether nothing is. */
  public boolean isNothing() {
    return !anyCalls() && samples.isEmpty();
  }
}
