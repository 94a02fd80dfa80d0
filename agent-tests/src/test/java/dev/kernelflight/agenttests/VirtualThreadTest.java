package dev.kernelflight.agenttests;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.VirtualThreads;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a virtual thread asks of the kernel is that thread's event, not its carrier's. The paths
 * that the application opens say who it was.
 */
@Tag("kernel")
class VirtualThreadTest {
  private static final int SHORT_LIVED = 3_000;
  private static final int BLOCKING = SHORT_LIVED / 10;

  private static final boolean ARM64 = System.getProperty("os.arch").equals("aarch64");

  /**
   * Opens for each whose virtual thread the kernel may be unable to read, on arm64 processors that
   * do not note by themselves that a page was used. One of some 20,000 was there.
   */
  private static final int LEAST_OPENS_FOR_AN_UNREADABLE = 1_000;

  private static final Pattern PATH = Pattern.compile("/of/([^/]+)/([^/]*)/(\\d+)/([^/]+)");

  private static final Map<String, Recorded> RUNS = new HashMap<>();

  @TempDir static Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  /** What an event says and what its path says of who made it. */
  private record Open(
      String kind,
      String name,
      long id,
      String place,
      @Nullable RecordedThread thread,
      int osThreadId,
      @Nullable String osThreadName) {
    static Stream<Open> of(RecordedEvent event) {
      Matcher path = PATH.matcher(event.getString("path"));
      return path.matches()
          ? Stream.of(
              new Open(
                  path.group(1),
                  path.group(2).equals("-") ? "" : path.group(2),
                  Long.parseLong(path.group(3)),
                  path.group(4),
                  event.getThread(),
                  event.getInt("osThreadId"),
                  event.getString("osThreadName")))
          : Stream.of();
    }

    @Override
    public RecordedThread thread() {
      return requireNonNull(thread, () -> "thread of " + this);
    }

    /** The kernel could not read whose it was, and so it is said to be nobody's. */
    boolean isUnreadable() {
      return thread == null && osThreadName != null && osThreadName.startsWith("ForkJoinPool-1-");
    }
  }

  static List<String> hooks() {
    List<String> all = new ArrayList<>(List.of("buffer=ring"));
    for (String hook : List.of("fentry", "kprobe", "tracepoint")) {
      if (KernelTracing.allows("attach=" + hook)) {
        all.add("attach=" + hook);
      }
    }
    return all;
  }

  private static Recorded run(String options) {
    return RUNS.computeIfAbsent(options, VirtualThreadTest::start);
  }

  private static Recorded start(String options) {
    Path file = temp.resolve(options + ".jfr");
    Finished finished =
        AgentProcess.of(VirtualThreads.class, SHORT_LIVED)
            .agent(options)
            .jvm("-Djdk.virtualThreadScheduler.parallelism=4")
            .recordingTo(file)
            .run();
    assertThat(finished.err()).isEmpty();
    assertThat(finished.out()).startsWith("done, on ");
    assertThat(finished.exitCode()).isZero();
    Recorded recorded = Recorded.in(file);
    recorded.assertNothingElseLost();
    List<Open> opens = recorded.opens().stream().flatMap(Open::of).toList();
    assertThat(opens)
        .filteredOn(Open::isUnreadable)
        .hasSizeLessThanOrEqualTo(ARM64 ? opens.size() / LEAST_OPENS_FOR_AN_UNREADABLE : 0);
    return recorded;
  }

  private static List<Open> opens(Recorded recorded, String kind) {
    return recorded.opens().stream()
        .flatMap(Open::of)
        .filter(open -> open.kind.equals(kind))
        .toList();
  }

  private static void assertOwn(Open open) {
    if (open.isUnreadable()) {
      return;
    }
    assertThat(open.thread().isVirtual()).as("virtual thread of " + open).isTrue();
    assertThat(open.thread().getJavaThreadId()).as("thread of " + open).isEqualTo(open.id);
    assertThat(open.thread().getJavaName()).as("thread of " + open).isEqualTo(open.name);
  }

  @ParameterizedTest
  @Tag("jar")
  @MethodSource("hooks")
  void threadsThatEndedLongBeforeTheirRecordsAreRead(String options) {
    assumeTrue(VirtualThreads.TOLD_APART, "JVMs before 24 do not tell which virtual thread runs");
    Recorded recorded = run(options);
    List<Open> opens = opens(recorded, "short");
    assertThat(opens).allSatisfy(VirtualThreadTest::assertOwn);
    assertThat(opens)
        .extracting(Open::id)
        .doesNotHaveDuplicates()
        .hasSizeBetween(leastSeen(recorded), SHORT_LIVED);
  }

  /** What is told as missing is so many at most, of whatever process; half must be there. */
  private static int leastSeen(Recorded recorded) {
    return Math.toIntExact(Math.max(SHORT_LIVED - recorded.toldMissing(), SHORT_LIVED / 2));
  }

  @ParameterizedTest
  @Tag("portable")
  @MethodSource("hooks")
  void threadsThatComeBackOnOtherCarriers(String options) {
    Recorded recorded = run(options);
    List<Open> opens = opens(recorded, "blocking");
    assertThat(opens).allSatisfy(VirtualThreadTest::assertOwn);
    assertThat(opens.stream().collect(Collectors.groupingBy(Open::place, Collectors.counting())))
        .containsOnlyKeys(
            "start", "sleep", "lock", "yield", "monitor", "sleep-in-monitor", "socket", "accept")
        .allSatisfy((place, count) ->
            assertThat(count)
                .as(place)
                .isBetween(BLOCKING - recorded.toldMissing(), (long) BLOCKING));
    Map<Long, Set<Integer>> carriers = new HashMap<>();
    for (Open open : opens) {
      carriers.computeIfAbsent(open.id, id -> new TreeSet<>()).add(open.osThreadId);
    }
    assertThat(carriers.values()).as("carriers of a thread").anyMatch(of -> of.size() > 1);
  }

  @Test
  @Tag("portable")
  void threadsThatCannotLeaveTheirCarrier() {
    List<Open> opens = opens(run("attach=auto"), "pinned");
    assertThat(opens).hasSize(4 * 4).allSatisfy(VirtualThreadTest::assertOwn);
  }

  /** The first of all, one without a name, and one that changes it. */
  @ParameterizedTest
  @Tag("portable")
  @ValueSource(strings = {"long-lived", "unnamed", "renamed"})
  void oneThreadOfAKind(String kind) {
    assertThat(opens(run("attach=auto"), kind))
        .singleElement()
        .satisfies(VirtualThreadTest::assertOwn);
  }

  /** That is from the first of them on. */
  @Test
  @Tag("portable")
  void sinceWhenTheyAreTheirOwnIsSaid() {
    Recorded recorded = run("attach=auto");
    String since = "their own since ";
    String said = lastProbe(recorded).getString("virtualThreads");
    assertThat(said).startsWith(since);
    Instant named = Instant.parse(said.substring(since.length()));
    assertThat(opens(recorded, "long-lived")).isNotEmpty();
    assertThat(
            recorded.opens().stream()
                .filter(open -> Open.of(open).findAny().isPresent())
                .map(RecordedEvent::getStartTime))
        .allSatisfy(time -> assertThat(time).isAfter(named));
  }

  private static RecordedEvent lastProbe(Recorded recorded) {
    return recorded.named(Recorded.PROBE).stream()
        .filter(probe -> probe.getString("event").equals(Recorded.FILE_OPEN))
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  @Test
  @Tag("portable")
  void aPlatformThreadStaysWhatItIs() {
    assertThat(opens(run("attach=auto"), "platform"))
        .singleElement()
        .satisfies(open -> {
          assertThat(open.thread().isVirtual()).isFalse();
          assertThat(open.thread().getJavaName()).isEqualTo("platform");
          assertThat(open.thread().getJavaThreadId()).isEqualTo(open.id);
          assertThat(open.thread().getOSThreadId()).isEqualTo(open.osThreadId);
        });
  }

  /** At the default threshold: four sleeps of 50 ms, and whatever the JVM itself waits for. */
  @Test
  @Tag("portable")
  void systemCallsAreTheThreadsOwn() {
    Map<String, Long> ids =
        opens(run("attach=auto"), "pinned").stream()
            .collect(Collectors.toMap(Open::name, Open::id, (a, b) -> a));
    assertThat(run("attach=auto").syscalls("nanosleep"))
        .hasSize(4)
        .allSatisfy(call -> {
          assertThat(call.getThread().isVirtual()).isTrue();
          assertThat(call.getThread().getJavaThreadId())
              .isEqualTo(ids.get(call.getThread().getJavaName()));
        });
  }

  /** A carrier that finds no work waits for it on its own account. */
  @Test
  @Tag("portable")
  void whatACarrierDoesForTheSchedulerIsItsOwn() {
    List<RecordedEvent> waits =
        run("attach=auto").syscalls("futex").stream()
            .filter(call -> call.getThread() != null)
            .filter(call -> isCarrier(call.getThread()))
            .toList();
    assertThat(waits)
        .isNotEmpty()
        .allSatisfy(call ->
            assertThat(call.getThread().getOSThreadId()).isEqualTo(call.getInt("osThreadId")));
  }

  private static boolean isCarrier(RecordedThread thread) {
    return thread.getJavaName().startsWith("ForkJoinPool-1-worker-");
  }

  @Test
  @Tag("portable")
  void switchedOffTheyAreTheirCarriers() {
    Path file = temp.resolve("off.jfr");
    Finished finished =
        AgentProcess.of(VirtualThreads.class, 100)
            .agent("virtual-threads=false")
            .recordingTo(file)
            .run();
    assertThat(finished.err()).isEmpty();
    assertThat(lastProbe(Recorded.in(file)).getString("virtualThreads"))
        .isEqualTo("their carriers', by the option virtual-threads=false");
    List<Open> opens = opens(Recorded.in(file), "short");
    assertThat(opens).hasSize(100).allSatisfy(VirtualThreadTest::assertTheCarriers);
  }

  private static void assertTheCarriers(Open open) {
    if (open.isUnreadable()) {
      return;
    }
    assertThat(open.thread().isVirtual()).isFalse();
    assertThat(isCarrier(open.thread())).isTrue();
    assertThat(open.thread().getOSThreadId()).isEqualTo(open.osThreadId);
  }

  @Test
  @Tag("jar")
  void whereTheJvmDoesNotTellWhichRunsItSaysSoOnce() {
    assumeFalse(VirtualThreads.TOLD_APART, "only JVMs before 24");
    Path file = temp.resolve("older.jfr");
    Finished finished = AgentProcess.of(VirtualThreads.class, 100).recordingTo(file).run();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.err())
        .isEqualTo(
            AgentProcess.PREFIX
                + "virtual threads appear as the threads that carry them: this JVM does not tell"
                + " which of them runs; JDK 24 or newer does\n");
    assertThat(opens(Recorded.in(file), "short"))
        .hasSize(100)
        .allSatisfy(VirtualThreadTest::assertTheCarriers);
  }

  /** A JDK in which the name of the class that the advice reads is taken. */
  @Test
  @Tag("portable")
  void whereTheClassCannotBeChangedItSaysSoOnce() throws Exception {
    String name = "java.lang.VirtualThreadNews";
    Path patch = temp.resolve("patch");
    Files.createDirectories(patch.resolve("java/lang"));
    EmptyClass.write(name, patch.resolve(name.replace('.', '/') + ".class"));
    Path file = temp.resolve("refused.jfr");
    Finished finished =
        AgentProcess.of(VirtualThreads.class, 100, name)
            .jvm("--patch-module=java.base=" + patch)
            .recordingTo(file)
            .run();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.err().lines())
        .singleElement()
        .asString()
        .startsWith(AgentProcess.PREFIX + "virtual threads appear as the threads that carry them: ")
        .contains("duplicate", name);
    assertThat(lastProbe(Recorded.in(file)).getString("virtualThreads"))
        .startsWith("their carriers': ")
        .contains("duplicate", name);
    assertThat(opens(Recorded.in(file), "short"))
        .hasSize(100)
        .allSatisfy(VirtualThreadTest::assertTheCarriers);
  }

  /** Apart from the tests, because JDKs before 24 cannot load it. */
  private static final class EmptyClass {
    static void write(String name, Path file) throws IOException {
      ClassFile.of().buildTo(file, ClassDesc.of(name), empty -> {});
    }
  }
}
