package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the kernel counted, held against what the application did. */
@Tag("kernel")
@ExtendWith(AgainWhereSkipped.class)
class SyscallStatisticsTest {
  private static final String BY_THREAD = Recorded.STATISTICS + "#byThread=true";

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private Path recording() {
    return temp.resolve("recording.jfr");
  }

  private static void assertEndsQuietly(Running jvm) {
    assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
  }

  /** Every one of these calls as an event, beside the statistics of all. */
  private static void startRecordingOf(Running jvm, String calls) {
    jvm.tell(
        "start",
        "r",
        Recorded.SYSCALL + "#threshold=0ns",
        Recorded.SYSCALL + "#syscalls=" + calls,
        Recorded.FILE_OPEN);
  }

  private static long sum(List<RecordedEvent> events, String field) {
    return events.stream().mapToLong(event -> event.getLong(field)).sum();
  }

  private static Duration longest(List<RecordedEvent> events) {
    return events.stream()
        .map(event -> event.getDuration("max"))
        .max(Duration::compareTo)
        .orElseThrow();
  }

  private static Duration total(List<RecordedEvent> events) {
    return events.stream()
        .map(event -> event.getDuration("total"))
        .reduce(Duration.ZERO, Duration::plus);
  }

  @Test
  void countsErrorsAndTimes() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("call", 300, "getppid"); // before the recording: not in it
      jvm.tell("start", "r");
      jvm.tell("call", 1_000, "getppid");
      jvm.tell("call", 500, "close", -1);
      jvm.tell("sleep", 200, 1);
      jvm.tell("sleep", 1, 40);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertNothingLost();

    List<RecordedEvent> cheap = recorded.statistics("getppid");
    recorded.assertSeen(sum(cheap, "count"), 1_000);
    assertThat(sum(cheap, "errors")).isZero();

    List<RecordedEvent> failing = recorded.statistics("close");
    recorded.assertSeen(sum(failing, "errors"), 500);
    assertThat(sum(failing, "count")).isGreaterThanOrEqualTo(sum(failing, "errors"));

    List<RecordedEvent> sleeps = recorded.statistics("nanosleep");
    recorded.assertSeen(sum(sleeps, "count"), 201);
    assertThat(sum(sleeps, "errors")).isZero();
    assertThat(total(sleeps)).isGreaterThanOrEqualTo(Duration.ofMillis(240));
    assertThat(longest(sleeps)).isGreaterThanOrEqualTo(Duration.ofMillis(40));

    for (RecordedEvent event : recorded.named(Recorded.STATISTICS)) {
      long count = event.getLong("count");
      assertThat(count).as(event::toString).isPositive();
      assertThat(event.getLong("mean")).isEqualTo(event.getLong("total") / count);
      assertThat(event.getLong("p50")).isLessThanOrEqualTo(event.getLong("p90"));
      assertThat(event.getLong("p90")).isLessThanOrEqualTo(event.getLong("p99"));
      assertThat(event.getLong("p99")).isLessThanOrEqualTo(event.getLong("max"));
      assertThat(event.getLong("max")).isLessThanOrEqualTo(event.getLong("total"));
      assertThat(event.getInt("osThreadId")).isZero();
    }
  }

  /** A sleep takes what was asked for or longer; a histogram of powers of two knows it half. */
  @Test
  @Tag("portable")
  void percentilesOfSleeps() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", Recorded.STATISTICS + "#period=1h");
      jvm.tell("sleep", 90, 1);
      jvm.tell("sleep", 10, 35);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    assertThat(Recorded.in(recording()).statistics("nanosleep"))
        .singleElement()
        .satisfies(event -> {
          assertThat(event.getLong("count")).isEqualTo(100);
          // 2^19 ns is the bucket of 1 ms
          assertThat(event.getLong("p50")).isGreaterThanOrEqualTo(1 << 19);
          // 2^25 ns is that of 35 ms
          assertThat(event.getLong("p99")).isGreaterThanOrEqualTo(1 << 25);
        });
  }

  @Test
  @Tag("jar")
  void agreesWithStrace() throws IOException {
    if (!Files.isExecutable(Path.of("/usr/bin/strace"))) {
      KernelTracing.skip("strace is not installed");
    }
    Path table = temp.resolve("strace.txt");
    AgentProcess process =
        AgentProcess.of(Conductor.class)
            .under(
                List.of(
                    "/usr/bin/strace",
                    "-f",
                    "-c",
                    "-U",
                    "name,calls,errors",
                    "-e",
                    "trace=getppid,nanosleep,bind,listen",
                    "-o",
                    table.toString()));
    try (Running jvm = process.start()) {
      jvm.tell("start", "r");
      jvm.tell("call", 123, "getppid");
      jvm.tell("sleep", 17, 1);
      jvm.tell("call", 11, "listen", -1);
      jvm.tell("threads-call", 3, 50);
      jvm.tell("call", 7, "bind", -1, "hex:0200", 2);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Map<String, List<Long>> counted = new HashMap<>();
    Recorded recorded = Recorded.in(recording());
    for (String line : Files.readAllLines(table)) {
      String[] columns = line.strip().split(" +", -1);
      if (columns[0].matches("getppid|nanosleep|bind|listen")) {
        long errors = columns.length > 2 ? Long.parseLong(columns[2]) : 0;
        counted.put(columns[0], List.of(Long.parseLong(columns[1]), errors));
      }
    }
    assertThat(counted)
        .as(Files.readString(table))
        .containsOnlyKeys("getppid", "nanosleep", "bind", "listen");
    counted.forEach((name, calls) ->
        assertThat(
                List.of(
                    sum(recorded.statistics(name), "count"),
                    sum(recorded.statistics(name), "errors")))
            .as(name)
            .isEqualTo(calls));
  }

  /** Every event of one call, and the statistics of each thread: the same numbers. */
  @Test
  void eachThreadForItselfAsItsEventsSay() {
    try (Running jvm = AgentProcess.of(Conductor.class).agent("pages=4096").start()) {
      jvm.tell(
          "start",
          "r",
          BY_THREAD,
          Recorded.SYSCALL + "#threshold=0ns",
          Recorded.SYSCALL + "#syscalls=getppid",
          Recorded.FILE_OPEN);
      jvm.tell("threads-call", 4, 1_000);
      jvm.tell("call", 10, "getppid");
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertNothingLost();
    List<RecordedEvent> events = recorded.syscalls("getppid");
    assertThat(recorded.named(Recorded.SYSCALL)).hasSameSizeAs(events);
    Map<String, Long> made =
        Map.of(
            "main",
            10L,
            "caller-1",
            1_000L,
            "caller-2",
            2_000L,
            "caller-3",
            3_000L,
            "caller-4",
            4_000L);
    Map<String, Long> seen =
        events.stream()
            .collect(
                Collectors.groupingBy(
                    event -> event.getThread().getJavaName(), Collectors.counting()));
    assertThat(seen).containsOnlyKeys(made.keySet());
    made.forEach((thread, calls) -> recorded.assertSeen(seen.getOrDefault(thread, 0L), calls));

    List<RecordedEvent> statistics = recorded.statistics("getppid");
    assertThat(
            statistics.stream()
                .collect(
                    Collectors.groupingBy(
                        event -> event.getInt("osThreadId"),
                        Collectors.summingLong(event -> event.getLong("count")))))
        .isEqualTo(
            events.stream()
                .collect(
                    Collectors.groupingBy(
                        event -> event.getInt("osThreadId"), Collectors.counting())));
    assertThat(statistics)
        .filteredOn(event -> event.getLong("count") == 10)
        .singleElement()
        .satisfies(event -> assertThat(event.getThread().getJavaName()).isEqualTo("main"));
    long measured = events.stream().mapToLong(event -> event.getDuration().toNanos()).sum();
    // events have the ticks of JFR's clock, the statistics the kernel's
    assertThat(total(statistics).toNanos())
        .isBetween(measured - events.size() * 200L, measured + events.size() * 200L);
  }

  @Test
  @Tag("portable")
  void exactWhereTheBufferOverflows() {
    int calls = KernelTracing.times(300_000);
    try (Running jvm = AgentProcess.of(Conductor.class).agent("pages=16").start()) {
      startRecordingOf(jvm, "getppid");
      jvm.tell("call", calls, "getppid");
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertSeen(sum(recorded.statistics("getppid"), "count"), calls);
    recorded.assertSeen(recorded.syscalls("getppid").size() + recorded.lost(), calls);
  }

  /** Several threads as fast as they can, with the default buffers. */
  @Test
  @Tag("portable")
  void asManyAsTheEventsAndTheLostOnes() {
    int each = 30_000;
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      startRecordingOf(jvm, "getppid");
      jvm.tell("threads-call", 4, each);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    long made = (1L + 2 + 3 + 4) * each;
    recorded.assertSeen(sum(recorded.statistics("getppid"), "count"), made);
    recorded.assertSeen(recorded.syscalls("getppid").size() + recorded.lost(), made);
  }

  /** More threads than the kernel's table of threads has room for, one after the other. */
  @Test
  @Tag("soak")
  void threadsThatComeAndGo() {
    int threads = 20_000;
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      startRecordingOf(jvm, "getppid,exit");
      jvm.tell("churn", threads);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertNothingLost();
    recorded.assertSeen(sum(recorded.statistics("getppid"), "count"), threads);
    recorded.assertSeen(recorded.syscalls("getppid").size(), threads);
    assertThat(recorded.syscalls("getppid"))
        .extracting((RecordedEvent event) -> event.getThread().getJavaName())
        .doesNotHaveDuplicates();
    // a thread's last call does not return
    assertThat(recorded.syscalls("exit")).isEmpty();
    assertThat(recorded.statistics("exit")).isEmpty();
  }

  /** Each of them leaves entries of its own, for a while. */
  @Test
  @Tag("portable")
  void threadsThatComeAndGoByThread() {
    int threads = KernelTracing.times(2_000);
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", BY_THREAD, Recorded.FILE_OPEN, Recorded.SYSCALL);
      for (int i = 0; i < 8; i++) {
        jvm.tell("churn", threads / 8);
        // a chunk's end collects what ended threads left behind
        jvm.tell("dump", "r", temp.resolve(i + ".jfr"));
      }
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    long counted = sum(recorded.statistics("getppid"), "count");
    // what the table has no room for is told, not silent
    assertThat(counted).isLessThanOrEqualTo(threads);
    assertThat(counted + recorded.lost() + recorded.skipped()).isGreaterThanOrEqualTo(threads);
  }

  @Test
  @Tag("portable")
  void whatHappenedWhileDisabledIsNotInIt() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", Recorded.STATISTICS + "#period=1h");
      jvm.tell("call", 70, "getppid");
      jvm.tell("disable", "r", Recorded.STATISTICS);
      jvm.tell("await-settings");
      jvm.tell("call", 500, "getppid");
      jvm.tell("enable", "r", Recorded.STATISTICS);
      jvm.tell("await-settings");
      jvm.tell("call", 9, "getppid");
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    assertThat(Recorded.in(recording()).statistics("getppid"))
        .singleElement()
        .satisfies(event -> assertThat(event.getLong("count")).isEqualTo(9));
  }

  /** A call that never returns because the JVM ends first. */
  @Test
  @Tag("portable")
  void aThreadThatEndsInsideACall() {
    AgentProcess process =
        AgentProcess.of(Conductor.class)
            .recordingTo(
                recording(), ",+kernel.Syscall#threshold=0ns,+kernel.Syscall#syscalls=read");
    try (Running jvm = process.start()) {
      // a thread of the JVM's first milliseconds may stay unknown, as README says
      jvm.tell("sleep", 1, 500);
      jvm.tell("block");
      jvm.tell("sleep", 1, 50);
      assertThat(jvm.end().exitCode()).isEqualTo(3);
    }
    Recorded recorded = Recorded.in(recording());
    recorded.assertNothingLost();
    assertThat(recorded.syscalls("read"))
        .isNotEmpty()
        // threads of the JVM itself read too
        .noneMatch(
            read -> read.getThread() != null && "blocked".equals(read.getThread().getJavaName()));
  }
}
