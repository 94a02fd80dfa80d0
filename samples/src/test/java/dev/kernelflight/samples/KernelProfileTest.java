package dev.kernelflight.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The indexer as a user profiles it, with kernel-profile.jfc, watched by strace at the same time.
 */
@NeedsKernelEvents
class KernelProfileTest {
  private static final Path STRACE = Path.of("/usr/bin/strace");
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  private static final String AGENT_JAR = System.getProperty("kernelflight.agent.jar", "");
  private static final int DOCUMENTS = 40;

  /** The end of a call: {@code 123 read(5, ...) = 0}, {@code 123 <... read resumed>...) = 0}. */
  private static final Pattern RETURNED =
      Pattern.compile("(\\d+) +(?:<\\.\\.\\. )?(\\w+)(?:\\(| resumed>).* = (\\S+)(?: (E\\w+))?.*");

  private static final Pattern NAMED =
      Pattern.compile("(\\d+) +prctl\\(PR_SET_NAME, \"reader-\\d+\".*");

  @TempDir Path temp;

  private record Calls(long count, long errors) {
    Calls plus(long more, long failed) {
      return new Calls(count + more, errors + failed);
    }
  }

  private void run(List<String> command) throws IOException, InterruptedException {
    File output = temp.resolve("output").toFile();
    int exitCode =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output)
            .start()
            .waitFor();
    assertThat(exitCode).as(() -> command + " printed to " + output).isZero();
  }

  /** Every call of the threads that the application starts and ends, by thread and name. */
  @Test
  void agreesWithStrace() throws IOException, InterruptedException {
    if (!Files.isExecutable(STRACE)) {
      assertThat(System.getenv("KERNELFLIGHT_KERNEL_TESTS"))
          .as("strace is not installed")
          .isNotEqualTo("required");
      abort("strace is not installed");
    }
    Path documents = Files.createDirectory(temp.resolve("documents"));
    for (int i = 0; i < DOCUMENTS; i++) {
      Files.writeString(documents.resolve(i + ".md"), "words of document " + i);
    }
    Path settings = temp.resolve("kernel-profile.jfc");
    run(List.of(JAVA + "", "-jar", AGENT_JAR, "settings", "--profile", settings + ""));
    Path trace = temp.resolve("strace.txt");
    Path recording = temp.resolve("recording.jfr");
    run(
        List.of(
            STRACE + "",
            "-f",
            "-o",
            trace + "",
            JAVA + "",
            "-XX:TieredStopAtLevel=1",
            "-javaagent:" + AGENT_JAR,
            "--enable-native-access=ALL-UNNAMED",
            "-XX:StartFlightRecording:settings=" + settings + ",filename=" + recording,
            "-cp",
            System.getProperty("java.class.path"),
            DocumentIndexer.class.getName(),
            documents + "",
            temp.resolve("index.txt") + ""));

    List<RecordedEvent> events = RecordingFile.readAllEvents(recording);
    assertThat(of("kernel.EventsLost", events)).isEmpty();
    assertThat(of("kernel.Syscall", events))
        .isNotEmpty()
        .allSatisfy(
            call -> assertThat(call.getDuration()).isGreaterThanOrEqualTo(Duration.ofMillis(5)));
    List<String> lines = Files.readAllLines(trace);
    Set<Integer> readers = readers(lines);
    assertThat(readers).isNotEmpty();
    Map<String, Calls> seen = callsSeen(lines, readers);
    assertThat(seen.keySet()).anyMatch(call -> call.endsWith(" openat"));
    assertThat(callsCounted(of("kernel.SyscallStatistics", events), readers)).isEqualTo(seen);
  }

  private static List<RecordedEvent> of(String name, List<RecordedEvent> events) {
    return events.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
  }

  private static Set<Integer> readers(List<String> lines) {
    Set<Integer> tids = new HashSet<>();
    for (String line : lines) {
      Matcher named = NAMED.matcher(line);
      if (named.matches()) {
        tids.add(Integer.parseInt(named.group(1)));
      }
    }
    return tids;
  }

  private static Map<String, Calls> callsSeen(List<String> lines, Set<Integer> tids) {
    Map<String, Calls> calls = new TreeMap<>();
    List<String> ends = new ArrayList<>();
    for (String line : lines) {
      Matcher returned = RETURNED.matcher(line);
      if (returned.matches() && tids.contains(Integer.parseInt(returned.group(1)))) {
        boolean failed = returned.group(4) != null;
        if (!failed && returned.group(3).equals("?")) {
          ends.add(line); // exit
        } else {
          calls.merge(
              returned.group(1) + " " + returned.group(2),
              new Calls(1, failed ? 1 : 0),
              (before, one) -> before.plus(one.count, one.errors));
        }
      }
    }
    assertThat(ends).hasSameSizeAs(tids);
    return calls;
  }

  private static Map<String, Calls> callsCounted(List<RecordedEvent> events, Set<Integer> tids) {
    Map<String, Calls> calls = new TreeMap<>();
    for (RecordedEvent event : events) {
      if (tids.contains(event.getInt("osThreadId"))) {
        calls.merge(
            event.getInt("osThreadId") + " " + event.getString("name"),
            new Calls(event.getLong("count"), event.getLong("errors")),
            (before, more) -> before.plus(more.count, more.errors));
      }
    }
    return calls;
  }
}
