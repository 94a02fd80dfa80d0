package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** The events of a recording, in the order of their start. */
record Recorded(List<RecordedEvent> all) {
  static final String FILE_OPEN = "kernel.FileOpen";
  static final String EVENTS_LOST = "kernel.EventsLost";
  static final String PROBE = "kernel.Probe";
  static final String DRAIN = "kernel.Drain";
  static final String SYSCALL = "kernel.Syscall";
  static final String CPU_SAMPLE = "kernel.CpuSample";
  static final String SIGNAL = "kernel.Signal";
  static final String STATISTICS = "kernel.SyscallStatistics";

  private static final AtomicLong SKIPPED = new AtomicLong();

  static Recorded in(Path file) {
    try {
      Recorded recorded =
          new Recorded(
              RecordingFile.readAllEvents(file).stream()
                  .sorted(Comparator.comparing(RecordedEvent::getStartTime))
                  .toList());
      SKIPPED.addAndGet(recorded.skipped());
      return recorded;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<RecordedEvent> named(String name) {
    return all.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
  }

  List<RecordedEvent> opens() {
    return named(FILE_OPEN);
  }

  List<RecordedEvent> opensOf(Path path) {
    return opensOf(path.toString());
  }

  List<RecordedEvent> opensOf(String path) {
    return opens().stream().filter(event -> path.equals(event.getString("path"))).toList();
  }

  List<RecordedEvent> syscalls(String name) {
    return ofCall(SYSCALL, name);
  }

  List<RecordedEvent> statistics(String name) {
    return ofCall(STATISTICS, name);
  }

  private List<RecordedEvent> ofCall(String event, String name) {
    return named(event).stream().filter(call -> name.equals(call.getString("name"))).toList();
  }

  /** Records that came out of the kernel's buffers, wanted or not. */
  long drained() {
    return sumOfDrains("records");
  }

  /** Calls that the kernel left out. */
  long filteredByKernel() {
    return sumOfDrains("filteredByKernel");
  }

  /** Records that the agent took and left out. */
  long filteredByAgent() {
    return sumOfDrains("filteredByAgent");
  }

  private long sumOfDrains(String field) {
    return named(DRAIN).stream().mapToLong(event -> event.getLong(field)).sum();
  }

  /** Events that are missing, each once. */
  long lost() {
    return sumOfCounts(lost -> !isOfSkippedPrograms(lost));
  }

  /** Opens whose return was not seen. */
  long missedReturns() {
    return sumOfCounts(Recorded::isOfMissedReturns);
  }

  /** Calls that may be missing because a kernel that preempts programs skipped some. */
  long skipped() {
    long skipped = sumOfCounts(Recorded::isOfSkippedPrograms);
    if (skipped > 0) {
      assertThat(maySkipPrograms()).as("this kernel may skip programs").isTrue();
    }
    return skipped;
  }

  /** Opens that may be missing because the kernel does not show every one to this hook. */
  long toldMissing() {
    return skipped() + (mayMissReturns() ? missedReturns() : 0);
  }

  /**
   * Those of kprobes, probably where the kernel preempts a thread in the middle of a call of bpf(2)
   * on a map: until it goes on, the kernel runs none of them on that CPU.
   */
  private boolean maySkipPrograms() {
    return KernelTracing.mayPreemptTracepoints()
        || (KernelTracing.mayPreemptFentry()
            && (tracesOpensBy("fentry") || tracesOpensBy("kprobe")));
  }

  /** A kretprobe has few instances, and an fexit program is skipped as others are. */
  private boolean mayMissReturns() {
    return tracesOpensBy("kprobe") || (KernelTracing.mayPreemptFentry() && tracesOpensBy("fentry"));
  }

  private boolean tracesOpensBy(String hook) {
    return named(PROBE).stream()
        .filter(probe -> probe.getString("event").equals(FILE_OPEN))
        .anyMatch(probe -> probe.getString("hook").equals(hook));
  }

  /** The sum of {@link #skipped} of all recordings that were read so far. */
  static long skippedInAll() {
    return SKIPPED.get();
  }

  private static boolean isOfMissedReturns(RecordedEvent lost) {
    return lost.getString("reason").contains("kretprobe");
  }

  private static boolean isOfSkippedPrograms(RecordedEvent lost) {
    return lost.getString("reason").startsWith("the kernel skipped a program");
  }

  private long sumOfCounts(Predicate<RecordedEvent> which) {
    return named(EVENTS_LOST).stream().filter(which).mapToLong(lost -> lost.getLong("count")).sum();
  }

  /** Nothing but what the kernel skipped, where it may. */
  void assertNothingLost() {
    assertLostAtMost(Recorded::isOfSkippedPrograms);
  }

  /** Nothing but what {@link #toldMissing} counts. */
  void assertNothingElseLost() {
    assertLostAtMost(this::isOfToldMissing);
  }

  /** Events are missing for a reason, and none besides but what {@link #toldMissing} counts. */
  void assertLostBecause(String reason) {
    Predicate<RecordedEvent> isOfReason = lost -> lost.getString("reason").contains(reason);
    assertThat(named(EVENTS_LOST)).as(reason).anyMatch(isOfReason);
    assertLostAtMost(isOfReason.or(this::isOfToldMissing));
  }

  private boolean isOfToldMissing(RecordedEvent lost) {
    return isOfSkippedPrograms(lost) || (mayMissReturns() && isOfMissedReturns(lost));
  }

  private void assertLostAtMost(Predicate<RecordedEvent> allowed) {
    assertThat(named(EVENTS_LOST)).filteredOn(lost -> !allowed.test(lost)).isEmpty();
    assertThat(skipped()).as("skipped").isLessThan(all.size());
  }

  /** So many were seen as there were, less at most what the kernel skipped. */
  void assertSeen(long seen, long calls) {
    assertThat(seen).as("seen of " + calls).isBetween(calls - skipped(), calls);
  }
}
