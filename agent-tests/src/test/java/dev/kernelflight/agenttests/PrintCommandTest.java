package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Hello;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command print, held against what the JDK's own reader finds in the same recording. */
@Tag("kernel")
@Tag("portable")
class PrintCommandTest {
  private static final int MANY = 3000;
  private static final Pattern SUMMARY =
      Pattern.compile(
          "(\\d+) opens \\((\\d+) failed\\), (\\d+) system calls \\((\\d+) failed\\), by (\\d+)"
              + " threads?; 0 lost; hooks?: .*(fentry|kprobe|tracepoint) \\(.+\\).*");

  @TempDir static Path temp;
  private static Path file = Path.of("");
  private static Recorded recorded = new Recorded(List.of());

  @BeforeAll
  static void record() {
    KernelTracing.require();
    file = temp.resolve("recording.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r");
      jvm.tell("open", "/kfr/a/one.log");
      jvm.tell("open", "/kfr/a/b/two.log");
      jvm.tell("open", "/kfr/c/a\u00e4\u20ac\"\\\\three\u001b[31m.txt");
      jvm.tell("open", "/etc/passwd");
      // so that the recording has more than one chunk
      jvm.tell("dump", "r", temp.resolve("first.jfr"));
      jvm.tell("call", MANY, "openat", -100, "text:/kfr/many", 0);
      jvm.tell("sleep", 2, 30);
      jvm.tell("stop", "r", file);
      jvm.end();
    }
    recorded = Recorded.in(file);
    recorded.assertNothingLost();
  }

  /** With what JFR itself does, as the JDK's reader has it. */
  private static Finished print(Object... arguments) {
    return AgentCommand.run(
        Stream.concat(Stream.of("print", "--jfr"), Stream.of(arguments)).toArray());
  }

  /** The lines of events, without header and summary. */
  private static List<String> rows(Object... arguments) {
    Finished finished = print(arguments);
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    List<String> lines = finished.out().lines().toList();
    if (lines.size() == 1) {
      return List.of();
    }
    assertThat(lines.getFirst()).matches("TIME +TID +THREAD +WHAT +RESULT +MICROS");
    return lines.subList(1, lines.size() - 2);
  }

  private static List<JsonObject> objects(Object... arguments) throws Exception {
    Finished finished = print(Stream.concat(Stream.of("--json"), Stream.of(arguments)).toArray());
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    List<JsonObject> objects = new ArrayList<>();
    for (String line : finished.out().lines().toList()) {
      objects.add(JsonParser.object().from(line));
    }
    return objects;
  }

  private static String threadName(RecordedEvent event) {
    RecordedThread thread = event.getThread("eventThread");
    return thread == null ? event.getString("osThreadName") : thread.getJavaName();
  }

  @Test
  @Tag("jar")
  void everyEventIsALineInTheOrderOfTheirStart() {
    Finished finished = print(file);
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    List<String> lines = finished.out().lines().toList();
    List<String> rows = lines.subList(1, lines.size() - 2);

    assertThat(rows)
        .hasSize(recorded.opens().size() + recorded.named(Recorded.SYSCALL).size())
        .isSortedAccordingTo((a, b) -> a.substring(0, 15).compareTo(b.substring(0, 15)));
    var summary = SUMMARY.matcher(lines.getLast());
    assertThat(summary.matches()).as(lines.getLast()).isTrue();
    assertThat(summary.group(1)).isEqualTo(String.valueOf(recorded.opens().size()));
    assertThat(summary.group(2)).isEqualTo(String.valueOf(failed(recorded.opens())));
    assertThat(summary.group(3)).isEqualTo(String.valueOf(recorded.named(Recorded.SYSCALL).size()));
  }

  private static long failed(List<RecordedEvent> events) {
    return events.stream().filter(event -> event.getString("errno") != null).count();
  }

  @Test
  void anOpenInWords() {
    assertThat(rows(file, "--path", "/kfr/a/one.log"))
        .singleElement()
        .asString()
        .matches(
            "\\d\\d:\\d\\d:\\d\\d\\.\\d{6} +\\d+ main +/kfr/a/one.log O_RDONLY +ENOENT +\\d+\\.\\d");
    assertThat(rows(file, "--path", "/etc/passwd"))
        .singleElement()
        .asString()
        .containsPattern(" main +/etc/passwd O_RDONLY +fd \\d+ ");
  }

  @Test
  void aSystemCallInWords() {
    assertThat(rows(file, "-e", "syscalls", "--thread", "main"))
        .filteredOn(row -> row.contains("nanosleep"))
        .hasSizeGreaterThanOrEqualTo(2)
        .allSatisfy(row -> assertThat(row).matches(".* main +nanosleep .* 0 +[34]\\d{4}\\.\\d"));
  }

  @Test
  void strangeNamesDoNotBreakTheTable() {
    assertThat(rows(file, "--path", "/kfr/c/"))
        .singleElement()
        .asString()
        .contains("/kfr/c/a\u00e4\u20ac\"\\\\three\\x1b[31m.txt");
  }

  @ParameterizedTest
  @CsvSource({
    "'/kfr/a/', 2",
    "'/kfr/a/*.log', 1",
    "'/kfr/**/*.log', 2",
    "'/kfr/a/b/,/etc/passwd', 2",
    "/nothing, 0"
  })
  void byPath(String path, int expected) {
    assertThat(rows(file, "--path", path)).hasSize(expected);
  }

  @Test
  void byError() {
    assertThat(rows(file, "--errors", "--events=opens")).hasSize((int) failed(recorded.opens()));
  }

  @Test
  void byDuration() {
    long slow =
        recorded.named(Recorded.SYSCALL).stream()
            .filter(call -> call.getDuration().compareTo(Duration.ofMillis(30)) >= 0)
            .count();
    assertThat(slow).isGreaterThanOrEqualTo(2);
    assertThat(rows(file, "-e", "syscalls", "--threshold", "30ms")).hasSize((int) slow);
  }

  @Test
  void byThread() {
    List<RecordedEvent> all =
        Stream.of(recorded.opens(), recorded.named(Recorded.SYSCALL))
            .flatMap(List::stream)
            .toList();
    RecordedEvent some = recorded.opensOf("/kfr/a/one.log").getFirst();
    long byId =
        all.stream().filter(e -> e.getInt("osThreadId") == some.getInt("osThreadId")).count();
    assertThat(rows(file, "--thread", some.getInt("osThreadId"))).hasSize((int) byId);
    long byName = all.stream().filter(e -> threadName(e).startsWith("mai")).count();
    assertThat(rows(file, "--thread", "mai")).hasSize((int) byName);
    assertThat(rows(file, "--thread", "mai?")).hasSize((int) byName);
    assertThat(rows(file, "--thread", "nobody")).isEmpty();
    assertThat(rows(file, "--thread", "!mai")).hasSize(all.size() - (int) byName);
    // not the beginning of an id
    String id = Integer.toString(some.getInt("osThreadId"));
    assertThat(rows(file, "--thread", id.substring(0, id.length() - 1)))
        .allSatisfy(row -> assertThat(row).doesNotContainPattern("^\\S+ +" + id + " "));
  }

  @Test
  void byTime() {
    Instant middle = recorded.opensOf("/kfr/many").getFirst().getStartTime();
    // the two readers may differ by a nanosecond
    Instant clear = middle.minusNanos(1_000);
    LocalTime time = LocalTime.ofInstant(clear, ZoneId.systemDefault());
    long after =
        recorded.opens().stream().filter(open -> open.getStartTime().isAfter(clear)).count();
    assertThat(rows(file, "-e", "opens", "--from", time)).hasSize((int) after);
    assertThat(rows(file, "-e", "opens", "--from", clear)).hasSize((int) after);
    assertThat(rows(file, "-e", "opens", "--to", clear))
        .hasSize((int) (recorded.opens().size() - after));
    assertThat(rows(file, "-e", "opens", "--last", "1h")).hasSize(recorded.opens().size());
    assertThat(rows(file, "-e", "opens", "--last", "0s")).hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void theFirstOnesOnly() {
    List<String> lines = print(file, "--limit", 5).out().lines().toList();
    assertThat(lines).hasSize(1 + 5 + 1 + 2);
    assertThat(lines.get(6))
        .isEqualTo(
            "… and "
                + (recorded.opens().size() + recorded.named(Recorded.SYSCALL).size() - 5)
                + " more");
  }

  /** JFR reads the files of every process; an application that does the same is shown. */
  @Test
  void jfrsOwnReadsAreLeftOut() throws Exception {
    Path whole = temp.resolve("whole.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).recordingTo(whole).start()) {
      jvm.tell("open", "/proc/1/stat");
      jvm.tell("open", "/proc/self/status");
      jvm.end();
    }
    Recorded recorded = Recorded.in(whole);
    List<RecordedEvent> jfrs =
        recorded.opens().stream()
            .filter(open -> open.getString("path").matches("/(proc|sys)/.*"))
            .filter(open -> open.getString("flags").equals("O_RDONLY|O_CLOEXEC"))
            .filter(open -> threadName(open).startsWith("JFR "))
            .toList();
    assertThat(jfrs).hasSizeGreaterThan(5);

    Finished finished = AgentCommand.run("print", whole, "-e", "opens");
    assertThat(finished.out())
        .doesNotContainPattern(" JFR [A-Z].* /(proc|sys)/")
        .containsPattern(" main +/proc/1/stat O_RDONLY +fd")
        .containsPattern(" main +/proc/self/status O_RDONLY +fd");
    var leftOut =
        Pattern.compile("^(\\d+) opens .*; (\\d+) opens by JFR itself left out \\(--jfr\\)$")
            .matcher(finished.out().lines().toList().getLast());
    assertThat(leftOut.matches()).as(finished.out()).isTrue();
    assertThat(Integer.parseInt(leftOut.group(2))).isGreaterThanOrEqualTo(jfrs.size());
    assertThat(Integer.parseInt(leftOut.group(1)) + Integer.parseInt(leftOut.group(2)))
        .isEqualTo(recorded.opens().size());
    assertThat(rows(whole, "-e", "opens")).hasSize(recorded.opens().size());
    Finished json = AgentCommand.run("print", whole, "-e", "opens", "--json");
    assertThat(json.out()).hasLineCount(Integer.parseInt(leftOut.group(1)));
    assertThat(json.err())
        .isEqualTo(
            "print: "
                + leftOut.group(2)
                + " opens by JFR itself are left out: --jfr prints them, too\n");
  }

  /** JFR writes a thread's name once into each chunk. */
  @Test
  void aRenamedThreadIsFoundByEachOfItsNames() {
    Path renamed = temp.resolve("renamed.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r");
      jvm.tell("open", "/numbered/1");
      jvm.tell("rename", "other-name");
      jvm.tell("dump", "r", temp.resolve("chunk.jfr"));
      jvm.tell("open", "/numbered/2");
      jvm.tell("stop", "r", renamed);
      jvm.end();
    }
    for (String name : List.of("main", "other-name")) {
      assertThat(rows(renamed, "--thread", name, "--path", "/numbered/"))
          .as(name)
          .satisfiesExactly(
              row -> assertThat(row).contains(" main ", "/numbered/1"),
              row -> assertThat(row).contains(" other-name ", "/numbered/2"));
      assertThat(rows(renamed, "--thread", "!" + name, "--path", "/numbered/")).isEmpty();
    }
  }

  @Test
  void pathsWithoutEndAndWithoutBeginning() {
    Path strange = temp.resolve("strange.jfr");
    String longest = "/" + "x/".repeat(2047);
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", "kernel.Syscall#threshold=0ns");
      jvm.tell("call", 1, "openat", -100, "text:", 0);
      jvm.tell("call", 1, "openat", -100, "text:" + longest, 0);
      jvm.tell("call", 1, "openat", -100, "text:" + longest + "yz", 0);
      jvm.tell("stop", "r", strange);
      jvm.end();
    }
    assertThat(rows(strange, "-e", "syscalls", "--thread", "main"))
        .anySatisfy(row -> assertThat(row).contains(longest.substring(0, 255) + "… "));
    assertThat(rows(strange, "--path", "/x/"))
        .satisfiesExactly(
            row -> assertThat(row).contains(" " + longest + " O_RDONLY").contains("ENOENT"),
            row -> assertThat(row).contains(" " + longest + "… O_RDONLY").contains("ENAMETOOLONG"));
    assertThat(rows(strange, "--errors", "-e", "opens"))
        .anySatisfy(row -> assertThat(row).containsPattern(" main +\"\" O_RDONLY +ENOENT"));
  }

  /** They are counted as they are listed, and not their carriers. */
  @Test
  void virtualThreadsAreThreads() {
    Path many = temp.resolve("virtual.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      for (int i = 0; i < 30; i++) {
        Thread.ofVirtual().name("v-" + i).start(PrintCommandTest::commitOpen).join();
      }
      commitOpen();
      recording.dump(many);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    assertThat(print(many, "--top", "threads").out())
        .contains(" 21 more\n")
        .contains("31 opens (0 failed), by 31 threads; ");
  }

  private static void commitOpen() {
    HostileTextTest.Open open = new HostileTextTest.Open();
    open.path = "/one";
    open.osThreadId = 4711;
    open.commit();
  }

  @Test
  void everyKindOfEvent() {
    assertThat(rows(file, "-e", "statistics"))
        .hasSameSizeAs(recorded.named(Recorded.STATISTICS))
        .anySatisfy(
            row -> assertThat(row).containsPattern(" openat: \\d+ calls, .* µs in all; .* failed"));
    assertThat(rows(file, "-e", "probe"))
        .hasSameSizeAs(recorded.named(Recorded.PROBE))
        .anySatisfy(row -> assertThat(row).contains("kernel.FileOpen by "));
    assertThat(rows(file, "-e", "lost,samples")).isEmpty();
  }

  @Test
  @Tag("jar")
  void asJson() throws Exception {
    List<JsonObject> opens = objects(file, "-e", "opens");
    assertThat(opens).hasSameSizeAs(recorded.opens());
    assertThat(opens)
        .extracting(
            open -> open.getString("path"),
            open -> open.getString("flags"),
            open -> open.getString("errno"),
            open -> open.getInt("fd"),
            open -> open.getInt("directoryFd"),
            open -> open.getInt("osThreadId"),
            open -> open.getString("eventThread", open.getString("osThreadName")))
        .containsExactlyInAnyOrderElementsOf(
            recorded.opens().stream()
                .map(open ->
                    Tuple.tuple(
                        open.getString("path"),
                        open.getString("flags"),
                        open.getString("errno"),
                        open.getInt("fd"),
                        open.getInt("directoryFd"),
                        open.getInt("osThreadId"),
                        threadName(open)))
                .toList());
    RecordedEvent some = recorded.opensOf("/kfr/a/one.log").getFirst();
    assertThat(objects(file, "--path", "/kfr/a/one.log"))
        .singleElement()
        .satisfies(open -> {
          assertThat(open.getString("type")).isEqualTo("kernel.FileOpen");
          assertThat(
                  Duration.between(Instant.parse(open.getString("startTime")), some.getStartTime())
                      .abs())
              .isLessThan(Duration.ofNanos(1_000));
          assertThat(Math.abs(open.getLong("duration") - some.getDuration().toNanos()))
              .isLessThan(1_000);
          assertThat(open.getLong("javaThreadId")).isEqualTo(some.getThread().getJavaThreadId());
        });
    assertThat(objects(file, "-e", "statistics"))
        .extracting(statistics -> statistics.getLong("count"))
        .containsExactlyInAnyOrderElementsOf(
            recorded.named(Recorded.STATISTICS).stream().map(e -> e.getLong("count")).toList());
    assertThat(objects(file, "-e", "probe", "--limit", 1))
        .singleElement()
        .satisfies(probe -> {
          assertThat(probe.getString("type")).isEqualTo("kernel.Probe");
          assertThat(probe.getString("event")).startsWith("kernel.");
        });
  }

  @Test
  void whatThereWasMostOf() {
    Finished finished = print(file, "--top", "paths,threads,errnos,syscalls", "--limit", "3");
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out())
        .containsPattern(
            "COUNT +FAILED +TOTAL ms +LONGEST ms +PATH\n +3000 +3000 +[\\d.]+ +[\\d.]+ +/kfr/many\n")
        .containsPattern("LONGEST ms +THREAD\n")
        .containsPattern("\n +\\d+ +\\d+ +[\\d.]+ +[\\d.]+ +main\n")
        .containsPattern(
            "LONGEST ms +ERRNO\n +" + failedCalls() + " +" + failedCalls() + " .* ENOENT\n");
    long openat = recorded.statistics("openat").stream().mapToLong(e -> e.getLong("count")).sum();
    assertThat(finished.out())
        .containsPattern("\n +" + openat + " +\\d+ +[\\d.]+ +[\\d.]+ +openat\n");
  }

  private static long failedCalls() {
    return Stream.of(recorded.opens(), recorded.named(Recorded.SYSCALL))
        .flatMap(List::stream)
        .filter(event -> "ENOENT".equals(event.getString("errno")))
        .count();
  }

  @Test
  void endsQuietlyWhereNobodyReadsOn() {
    for (String option : List.of("--limit=100000", "--json", "--top=paths")) {
      String words =
          AgentCommand.line("print", file, option).stream()
              .map(word -> "'" + word + "'")
              .collect(Collectors.joining(" "));
      Finished finished =
          AgentCommand.runLine(
              List.of("sh", "-c", "{ " + words + "; echo exit code $? >&2; } | head -n 1"));
      assertThat(finished.err()).isEqualTo("exit code 0\n");
      assertThat(finished.out()).hasLineCount(1);
    }
  }

  @Test
  void whatIsWholeOfATruncatedRecording() throws Exception {
    byte[] content = Files.readAllBytes(file);
    Path truncated = Files.write(temp.resolve("truncated.jfr"), shortened(content, 5_000));
    Finished finished = print(truncated, "--path", "/kfr/");
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err())
        .matches(
            "print: "
                + truncated
                + ": it is truncated: chunk \\d should end at byte "
                + content.length
                + ", but the file has "
                + (content.length - 5_000)
                + "\\. Only what comes before that is used\n");
    assertThat(finished.out()).contains("/kfr/a/one.log").doesNotContain("/kfr/many");

    byte[] more = new byte[content.length + 100];
    System.arraycopy(content, 0, more, 0, content.length);
    finished = print(Files.write(temp.resolve("longer.jfr"), more), "--path", "/kfr/");
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err())
        .contains("what follows byte " + content.length + " is no part of a recording");
    assertThat(finished.out()).contains("/kfr/a/one.log").contains("/kfr/many");
  }

  private static byte[] shortened(byte[] content, int by) {
    return Arrays.copyOf(content, content.length - by);
  }

  /** Whatever is in the file: it is read, or there is one line that says why not. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void aDamagedRecordingIsNoCrash(int seed) throws Exception {
    byte[] content = Files.readAllBytes(file);
    Random random = new Random(seed);
    for (int i = 0; i < 1 << seed; i++) {
      content[68 + random.nextInt(content.length - 68)] = (byte) random.nextInt();
    }
    Path damaged = Files.write(temp.resolve("damaged-" + seed + ".jfr"), content);
    Finished finished = print(damaged);
    assertThat(finished.exitCode()).isBetween(0, 1);
    if (finished.exitCode() == 1) {
      assertThat(finished.err()).startsWith("print: " + damaged).doesNotContain("\tat ");
    } else {
      assertThat(finished.err()).isEmpty();
    }
  }

  @Test
  void aRecordingWithoutKernelEvents() {
    Path without = temp.resolve("without.jfr");
    assertThat(AgentProcess.of(Hello.class).withoutAgent().recordingTo(without).run().exitCode())
        .isZero();
    Finished finished = print(without);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err())
        .startsWith("print: " + without + " holds no kernel event")
        .contains("-javaagent:ebpf-agent.jar");
  }

  @Test
  void whatIsNoRecording() throws Exception {
    assertRefused(temp.resolve("missing.jfr"), "there is no file " + temp.resolve("missing.jfr"));
    assertRefused(temp, "is a directory");
    assertRefused(Files.createFile(temp.resolve("empty.jfr")), "is empty");
    assertRefused(
        Files.writeString(temp.resolve("text.jfr"), "this is no recording, but a text"),
        "it is no JFR recording");
    assertRefused(
        Files.write(temp.resolve("start.jfr"), Arrays.copyOf(Files.readAllBytes(file), 50_000)),
        "it is truncated: chunk 1 should end at byte ");
    assertRefused(
        Files.write(temp.resolve("stub.jfr"), Arrays.copyOf(Files.readAllBytes(file), 10)),
        "it is truncated");
    assertRefused(
        Files.write(
            temp.resolve("packed.jfr.gz"),
            new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
        "gunzip");
  }

  private static void assertRefused(Path bad, String reason) {
    Finished finished = print(bad);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err()).startsWith("print: ").contains(reason).hasLineCount(1);
  }

  @Test
  void aFileOfAnotherUser() throws Exception {
    List<String> nobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
    List<String> check = new ArrayList<>(nobody);
    check.addAll(AgentCommand.line("--version"));
    Finished possible = AgentCommand.runLine(check);
    if (possible.exitCode() != 0) {
      KernelTracing.skip("another user cannot be had: " + possible.err());
    }
    Path secret = Files.copy(file, temp.resolve("secret.jfr"));
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
    List<String> line = new ArrayList<>(nobody);
    line.addAll(AgentCommand.line("print", secret));
    Finished finished = AgentCommand.runLine(line);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err()).contains("may not be read by user nobody").hasLineCount(1);
  }

  @Test
  void tooLittleMemory() {
    Finished finished =
        AgentCommand.runLine(
            AgentCommand.line(List.of("-Xmx12m", "-XX:+UseSerialGC"), "print", file));
    // where that is enough after all there is nothing to complain of
    if (finished.exitCode() != 0) {
      assertThat(finished.exitCode()).isEqualTo(1);
      assertThat(finished.err()).contains("-Xmx").hasLineCount(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--events=nothing | expected one of",
        "--threshold=fast | expected a time such as 20 ms",
        "--last=-1s | expected a time such as 20 ms",
        "--from=yesterday | is no time such as",
        "--last=1s --from=10:00 | --last has no place beside",
        "--limit=-1 | --limit must not be negative",
        "--limit=x | Invalid value for option '--limit'",
        "--top=days | expected one of",
        "--top=paths --json | --top has no JSON",
        "--colour | Unknown option: '--colour'",
      })
  void wrongOptions(String options, String message) {
    Finished finished =
        print(Stream.concat(Stream.of(file), Stream.of(options.split(" ", -1))).toArray());
    assertThat(finished.exitCode()).isEqualTo(2);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err()).startsWith("print: ").contains(message, "print --help");
  }

  @Test
  void help() {
    Finished finished = print("--help");
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out().replaceAll("\\s+", " "))
        .contains("--events", "--thread", "--path", "--errors", "--threshold", "--top", "--json")
        .contains("opens, syscalls, statistics, signals, samples, lost, probe");
    assertThat(print().exitCode()).isEqualTo(2);
  }
}
