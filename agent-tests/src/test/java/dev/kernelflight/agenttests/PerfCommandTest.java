package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Restricted;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code perf} on a process that does what the test says. */
@Tag("kernel")
class PerfCommandTest {
  private static final Pattern RECEIVED =
      Pattern.compile("received (\\d+) events? in ([0-9.]+) seconds, lost (\\d+)");
  private static final int TRIES = 3;

  @BeforeAll
  static void traces() {
    KernelTracing.require();
  }

  private static Running conductor() {
    return AgentProcess.of(Conductor.class).withoutAgent().start();
  }

  private static Matcher summary(Finished perf) {
    Matcher summary = RECEIVED.matcher(perf.out());
    assertThat(summary.find()).as(perf.out() + perf.err()).isTrue();
    return summary;
  }

  /** The lines between the header and the summary. */
  private static List<String> events(Finished perf) {
    List<String> lines = perf.out().lines().toList();
    int end = lines.indexOf("");
    assertThat(lines.getFirst()).startsWith("TIME ");
    return lines.subList(1, end);
  }

  /** What it said, but for what a kernel that preempts programs makes it say. */
  private static List<String> unexpected(Finished perf) {
    return perf.err()
        .lines()
        .filter(line ->
            !KernelTracing.mayPreemptFentry() || !line.contains(": the kernel skipped a program"))
        .toList();
  }

  private static JsonObject json(String line) {
    try {
      return JsonParser.object().from(line);
    } catch (JsonParserException e) {
      throw new AssertionError(line, e);
    }
  }

  @ParameterizedTest
  @Tag("portable")
  @ValueSource(strings = {"TERM", "INT", "HUP"})
  void opensOfABusyProcessUntilItIsAskedToEnd(String signal) {
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("--path /perf/", "-p", busy.pid())) {
      if (Signals.ignores(perf.pid(), signal)) {
        KernelTracing.skip("started with SIG" + signal + " ignored, as nohup does");
      }
      busy.tell("call", 50, "openat", -100, "text:/perf/absent", 0, 0);
      busy.tell("call", 3, "openat", -100, "text:/perf/other", 0, 0);
      perf.awaitLine("/perf/other");
      perf.signal(signal);
      Finished finished = perf.await();

      assertThat(finished.exitCode()).isZero();
      assertThat(unexpected(finished)).isEmpty();
      assertThat(events(finished))
          .hasSize(53)
          .allMatch(line -> line.contains(" " + busy.pid() + " ") && line.contains(" ENOENT "))
          .filteredOn(line -> line.contains(" /perf/absent O_RDONLY "))
          .hasSize(50);
      Matcher summary = summary(finished);
      assertThat(summary.group(1)).isEqualTo("53");
      assertThat(summary.group(3)).isEqualTo("0");
      assertThat(finished.out())
          .contains("opens: 53, 53 failed")
          .containsPattern(" 50 +50 +[0-9.]+  /perf/absent\n +3 +3 +[0-9.]+  /perf/other\n");
    }
  }

  @Test
  @Tag("jar")
  void opensOfAnyProcess() {
    try (Running one = conductor();
        Running other = conductor();
        PerfProcess perf = PerfProcess.start("--errors --path /perf/")) {
      one.tell("call", 2, "openat", -100, "text:/perf/one", 0, 0);
      other.tell("call", 2, "openat", -100, "text:/perf/other", 0, 0);
      perf.awaitLine("/perf/other");
      perf.signal("TERM");
      Finished finished = perf.await();

      assertThat(events(finished))
          .hasSize(4)
          .filteredOn(line -> line.contains("/perf/one"))
          .hasSize(2)
          .allMatch(line -> line.contains(" " + one.pid() + " "));
      assertThat(summary(finished).group(1)).isEqualTo("4");
    }
  }

  @Test
  @Tag("jar")
  @Tag("portable")
  void systemCallsAsJson() {
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("-e syscalls --json", "-p", busy.pid())) {
      JsonObject first = null;
      while (first == null) {
        busy.tell("call", 1, "getppid");
        first = json(perf.nextLine());
      }
      busy.tell("call", 20, "fsync", -1);
      perf.signal("TERM");
      Finished finished = perf.await();

      List<JsonObject> lines = finished.out().lines().map(PerfCommandTest::json).toList();
      List<JsonObject> calls = lines.subList(0, lines.size() - 1);
      assertThat(calls).allMatch(call -> call.getString("type").equals("kernel.Syscall"));
      assertThat(calls)
          .filteredOn(call -> call.getString("name").equals("fsync"))
          .hasSize(20)
          .allSatisfy(call -> {
            assertThat(call.getInt("pid")).isEqualTo((int) busy.pid());
            assertThat(call.getString("errno")).isEqualTo("EBADF");
            assertThat(call.getLong("result")).isEqualTo(-9);
            assertThat(call.getLong("duration")).isPositive();
            assertThat(Instant.parse(call.getString("startTime")))
                .isBetween(Instant.now().minus(Duration.ofHours(1)), Instant.now());
          });
      JsonObject summary = lines.getLast();
      assertThat(summary.getString("type")).isEqualTo("summary");
      assertThat(summary.getInt("events") + summary.getInt("lost"))
          .isGreaterThanOrEqualTo(calls.size());
      assertThat(summary.getInt("events")).isEqualTo(calls.size());
      assertThat(summary.getObject("syscalls").getInt("count")).isEqualTo(calls.size());
    }
  }

  @Test
  @Tag("portable")
  void thresholdAndErrors() {
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("-e syscalls --threshold 5ms", "-p", busy.pid())) {
      busy.tell("call", 100, "getppid");
      busy.tell("sleep", 3, 10);
      busy.tell("sleep", 1, 20);
      perf.awaitLine("nanosleep");
      perf.signal("TERM");
      Finished finished = perf.await();
      assertThat(events(finished)).noneMatch(line -> line.contains("getppid"));
    }
  }

  @Test
  @Tag("portable")
  void theDurationIsHonouredThoughNothingHappens() {
    List<Double> measured = new ArrayList<>();
    try (Running idle = conductor()) {
      for (int i = 0; i < TRIES; i++) {
        try (PerfProcess perf = PerfProcess.start("-d 3.5 --path /perf/", "-p", idle.pid())) {
          long begun = System.nanoTime();
          Finished finished = perf.await();
          double seconds = (System.nanoTime() - begun) / 1e9;
          assertThat(finished.exitCode()).isZero();
          assertThat(events(finished)).isEmpty();
          assertThat(summary(finished).group(2)).isEqualTo("3.50");
          assertThat(finished.out()).contains("received 0 events").contains("opens: 0, 0 failed");
          measured.add(seconds);
          if (seconds < 3.5 * 1.1) {
            break;
          }
        }
      }
    }
    // from the first line to the exit; a machine that is busy with other things may need a second
    // try
    assertThat(measured).allMatch(seconds -> seconds > 3.5 * 0.9);
    assertThat(measured).as("seconds").anyMatch(seconds -> seconds < 3.5 * 1.1);
  }

  /** Milliseconds between two samples of the same CPU, in the middle of all such times. */
  private static double medianGap(String options) {
    try (Running busy = conductor()) {
      busy.tell("burn");
      try (PerfProcess perf = PerfProcess.start("--json " + options)) {
        Map<Integer, Instant> last = new HashMap<>();
        List<Long> gaps = new ArrayList<>();
        for (String line : perf.await().out().lines().toList()) {
          JsonObject sample = json(line);
          if (sample.getString("type").equals("kernel.CpuSample")) {
            Instant time = Instant.parse(sample.getString("startTime"));
            Instant before = last.put(sample.getInt("cpu"), time);
            if (before != null) {
              gaps.add(Duration.between(before, time).toNanos());
            }
          }
        }
        assertThat(gaps).hasSizeGreaterThan(50);
        gaps.sort(null);
        return gaps.get(gaps.size() / 2) / 1e6;
      }
    }
  }

  @Test
  void samplesAtTheDefaultFrequency() {
    assertThat(medianGap("-e samples -d 3")).isBetween(8.0, 13.0);
  }

  @Test
  @Tag("portable")
  void samplesAtAnotherFrequency() {
    assertThat(medianGap("-e samples -F 25 -d 6")).isBetween(32.0, 50.0);
  }

  @Test
  @Tag("portable")
  void whereABusyProcessSpendsItsTime() {
    try (Running busy = conductor()) {
      busy.tell("burn");
      try (PerfProcess perf = PerfProcess.start("-e samples -d 3", "-p", busy.pid())) {
        Finished finished = perf.await();

        List<String> samples = events(finished);
        assertThat(samples)
            .allMatch(line -> line.contains(" " + busy.pid() + " "))
            .anyMatch(line -> line.contains(" burn-user ") && line.contains(" user "))
            .anyMatch(line -> line.contains(" burn-kernel ") && line.contains(" kernel "));
        assertThat(summary(finished).group(1)).isEqualTo(Integer.toString(samples.size()));
        long inKernel = samples.stream().filter(line -> line.contains(" kernel ")).count();
        assertThat(finished.out())
            .contains(
                String.format(
                    java.util.Locale.ROOT,
                    "CPU samples: %d, user %.1f %%, kernel %.1f %%",
                    samples.size(),
                    100 - 100.0 * inKernel / samples.size(),
                    100.0 * inKernel / samples.size()))
            .contains("KERNEL FUNCTION");
      }
    }
  }

  @Test
  @Tag("portable")
  void whatIsLostIsSaidAndCounted() {
    int calls = 300_000;
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("-e syscalls --pages 16", "-p", busy.pid())) {
      busy.tell("call", calls, "getppid");
      perf.signal("TERM");
      Finished finished = perf.await();

      Matcher summary = summary(finished);
      assertThat(summary.group(1)).isEqualTo(Integer.toString(events(finished).size()));
      long lost = Long.parseLong(summary.group(3));
      assertThat(lost).isPositive();
      assertThat(Long.parseLong(summary.group(1)) + lost).isGreaterThanOrEqualTo(calls);
      assertThat(unexpected(finished))
          .isNotEmpty()
          .allMatch(
              line -> line.matches("perf: lost \\d+ events? on CPU \\d+: the buffer was full.*"));
      Matcher warnings = Pattern.compile("perf: lost (\\d+) events?").matcher(finished.err());
      long warned = warnings.results().mapToLong(w -> Long.parseLong(w.group(1))).sum();
      assertThat(warned).isEqualTo(lost);
    }
  }

  @Test
  @Tag("portable")
  void moreAtOnceThanThereIsMemoryFor() {
    int calls = 400_000;
    try (Running busy = conductor();
        PerfProcess perf =
            PerfProcess.start(List.of("-Xmx24m"), "-e syscalls --pages 4096", "-p", busy.pid())) {
      busy.tell("call", 10, "getppid");
      perf.awaitLine("getppid");
      perf.signal("STOP");
      busy.tell("call", calls, "getppid");
      perf.signal("CONT");
      perf.signal("TERM");
      Finished finished = perf.await();

      assertThat(finished.exitCode()).isZero();
      Matcher summary = summary(finished);
      assertThat(summary.group(1)).isEqualTo(Integer.toString(events(finished).size()));
      long lost = Long.parseLong(summary.group(3));
      assertThat(Long.parseLong(summary.group(1)) + lost).isGreaterThanOrEqualTo(calls);
      assertThat(finished.err())
          .containsPattern(
              "perf: lost \\d+ events: there were more at once than there is memory for");
    }
  }

  @Test
  @Tag("portable")
  void endsQuietlyWhenNobodyReadsOn() {
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("-e syscalls", "-p", busy.pid())) {
      busy.tell("call", 10, "getppid");
      perf.awaitLine("getppid");
      perf.closeOutput();
      while (perf.runs()) {
        busy.tell("call", 100, "getppid");
      }
      Finished finished = perf.awaitExit();
      assertThat(finished.exitCode()).isZero();
      assertThat(unexpected(finished)).isEmpty();
    }
  }

  @Test
  @Tag("portable")
  void whatIsLostIsNotToldWhenNobodyReadsOn() {
    int tooMany = 1_000_000;
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("-e syscalls --pages 16", "-p", busy.pid())) {
      busy.tell("call", 10, "getppid");
      perf.awaitLine("getppid");
      perf.signal("STOP");
      perf.closeOutput();
      long stopped = System.nanoTime();
      while (System.nanoTime() - stopped < TimeUnit.SECONDS.toNanos(1)) {
        busy.tell("call", tooMany, "getppid");
      }
      perf.signal("CONT");
      Finished finished = perf.awaitExit();
      assertThat(finished.exitCode()).isZero();
      assertThat(unexpected(finished)).isEmpty();
    }
  }

  @Test
  @Tag("portable")
  void theProcessEnds() {
    try (Running busy = conductor();
        PerfProcess perf = PerfProcess.start("--path /perf/", "-p", busy.pid())) {
      busy.tell("call", 2, "openat", -100, "text:/perf/last", 0, 0);
      busy.end();
      Finished finished = perf.await();

      assertThat(finished.exitCode()).isZero();
      assertThat(events(finished)).hasSize(2);
      assertThat(unexpected(finished))
          .containsExactly("perf: process " + busy.pid() + " has ended");
    }
  }

  @Test
  void everyKindOfBuffer() {
    if (!KernelTracing.allows("buffer=ring")) {
      KernelTracing.skip("no ring buffer here");
    }
    try (Running busy = conductor();
        PerfProcess perf =
            PerfProcess.start(
                "--path /perf/ -e opens,samples --buffer ring --attach tracepoint --pages 64",
                "-p",
                busy.pid())) {
      busy.tell("burn");
      busy.tell("call", 5, "openat", -100, "text:/perf/ring", 0, 0);
      perf.awaitLine("/perf/ring");
      perf.awaitLine(" burn-kernel ");
      perf.signal("TERM");
      Finished finished = perf.await();
      assertThat(events(finished)).filteredOn(line -> line.contains("/perf/ring")).hasSize(5);
    }
  }

  /** Where the tracing process cannot know the other one's id in the initial namespace. */
  @Test
  void insideAPidNamespace() throws Exception {
    String perf = String.join(" ", AgentCommand.line("perf", "-d", "4", "--path", "/perf/"));
    String script =
        "while :; do cat /perf/inside 2> /dev/null; sleep 0.2; done & "
            + perf
            + "; "
            + String.join(" ", AgentCommand.line("perf", "-d", "2", "-e", "syscalls", "-p"))
            + " $!";
    Process process =
        new ProcessBuilder(
                "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script)
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor(1, TimeUnit.MINUTES);
    if (out.contains("unshare: unshare failed")) {
      KernelTracing.skip(out);
    }
    List<String> opens = out.lines().filter(line -> line.contains("/perf/inside O_")).toList();
    // small numbers: those of the namespace
    assertThat(opens)
        .isNotEmpty()
        .allMatch(line -> line.matches("\\S+ +\\d{1,4} +\\d{1,4} cat .*"));
    assertThat(out.lines())
        .as("calls of process 2")
        .anyMatch(line -> line.matches("\\S+ +2 +2 sh .*"));
  }

  @ParameterizedTest
  @Tag("portable")
  @ValueSource(strings = {"--help", "-h"})
  void help(String option) {
    Finished help = AgentCommand.run("perf", option);
    assertThat(help.exitCode()).isZero();
    assertThat(help.out())
        .contains("--frequency=HZ")
        .containsPattern("at so many Hz")
        .containsPattern("default: 99")
        .contains("--duration=SECONDS")
        .contains("in seconds")
        .contains("Exit codes:");
  }

  @ParameterizedTest
  @Tag("portable")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -p abc              | 'abc' is no process id
          -p -1               | '-1' is no process id
          -p 0                | '0' is no process id
          -p 99999999999      | '99999999999' is no process id
          -d abc              | 'abc' is no number of seconds from 0 (until Ctrl-C)
          -d -1               | '-1' is no number of seconds
          -d 1e30             | '1e30' is no number of seconds
          -d NaN              | 'NaN' is no number of seconds
          -F abc              | 'abc': expected a frequency of 1 Hz or more
          -F 0                | '0': expected a frequency of 1 Hz or more
          -F -99              | '-99': expected a frequency of 1 Hz or more
          -F 999999999        | (kernel.perf_event_max_sample_rate)
          -e foo              | 'foo': expected one of opens, syscalls, signals, samples
          -e                  | Missing required parameter for option '--events'
          --threshold fast    | expected a time such as 20 ms
          --pages 3           | pages must be a power of two from 16 to 65536
          --buffer disk       | buffer must be auto, perf or ring
          --attach perf       | attach must be auto, fentry, kprobe or tracepoint
          -e samples --path / | --path is about opens
          -e samples --errors | are about opens and syscalls
          --colour            | Unknown option: '--colour'
          4711                | Unmatched argument
          """)
  void wrongOptions(String options, String message) {
    List<String> line = new ArrayList<>(AgentCommand.line("perf"));
    line.addAll(List.of(options.split(" ", -1)));
    Finished finished = AgentCommand.runLine(line);
    assertThat(finished.exitCode()).isEqualTo(2);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err()).contains(message).contains("--help").doesNotContain("\tat ");
  }

  @Test
  @Tag("portable")
  void thereIsNoSuchProcess() {
    Finished finished = AgentCommand.run("perf", "-p", Integer.MAX_VALUE);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err()).contains("there is no process " + Integer.MAX_VALUE + ": see ps -e");
  }

  @Test
  @Tag("portable")
  void aThreadIsNoProcess() throws Exception {
    try (Running busy = conductor()) {
      busy.tell("threads");
      String thread = anotherThread(busy.pid());
      Finished finished = AgentCommand.run("perf", "-p", thread);
      assertThat(finished.exitCode()).isEqualTo(1);
      assertThat(finished.err())
          .contains(thread + " is a thread of process " + busy.pid() + ": use -p " + busy.pid());
    }
  }

  private static String anotherThread(long pid) throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      return tasks
          .map(task -> task.getFileName().toString())
          .filter(tid -> !tid.equals(Long.toString(pid)))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  @Tag("portable")
  void withoutPrivileges() {
    List<String> line =
        new ArrayList<>(
            List.of(
                AgentProcess.java().toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                AgentProcess.classPath(),
                Restricted.class.getName(),
                "nobody"));
    line.addAll(AgentCommand.line("perf", "-d", "1"));
    Finished finished = AgentCommand.runLine(line);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err())
        .contains("EPERM", "CAP_BPF and CAP_PERFMON", "run as root, or grant them")
        .doesNotContain("application", "\tat ");
  }

  @Test
  void aHookThatTheKernelDoesNotHave() {
    if (KernelTracing.allows("attach=fentry")) {
      abort("this kernel has every hook");
    }
    Finished finished = AgentCommand.run("perf", "-d", "1", "--attach", "fentry");
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err()).contains("no hook for file opens could be had", "what to do:");
  }
}
