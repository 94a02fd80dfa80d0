package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Loop;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** As many events as calls, or the difference is told. */
@Tag("kernel")
class CompletenessTest {
  private static final int THREADS = 4;

  /**
   * Records of opens of short paths that 4 MB hold, the buffer of a CPU on machines of up to 16.
   */
  private static final int FIT_DEFAULT_BUFFERS = 25_000;

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  /**
   * Buffers that hold them all, however busy the machine is. Small chunks: the recording changes
   * files several times meanwhile, while threads go on or end.
   */
  @ParameterizedTest
  @CsvSource({
    "'buffer=perf,pages=8192', 1",
    "'buffer=ring,pages=8192', 1",
    "'buffer=perf,pages=8192', 100",
    "'buffer=ring,pages=8192', 100"
  })
  void everyOpenOfATightLoop(String options, int generations) throws Exception {
    // in a guest, too, as many as need several chunks
    int times = Math.max(25_000, KernelTracing.times(50_000));
    Path path = Files.createFile(temp.resolve("looped"));
    Path file = temp.resolve("recording.jfr");
    Finished finished =
        AgentProcess.of(Loop.class, path, THREADS, times, file, "-", generations)
            .agent(options)
            .jvm("-XX:FlightRecorderOptions:maxchunksize=1M")
            .run();
    assertThat(finished).isEqualTo(new Finished(0, "done\n", ""));
    Recorded recorded = Recorded.in(file);
    recorded.assertNothingLost();
    List<RecordedEvent> opens = recorded.opensOf(path);
    assertThat(
            opens.stream()
                .collect(
                    Collectors.groupingBy(CompletenessTest::threadName, Collectors.counting())))
        .hasSize(THREADS)
        .allSatisfy((thread, count) -> assertThat(count).as(thread).isEqualTo(times));
    List<Chunk> chunks = chunks(file);
    assertThat(chunks).hasSizeGreaterThan(1);
    for (Chunk chunk : chunks) {
      assertThat(chunk.recorded.opensOf(path))
          .filteredOn(open -> open.getThread() == null)
          .as("opens without a thread, which may be of one that ended before the chunk began")
          .allSatisfy(open -> assertThat(open.getEndTime()).isBefore(chunk.start));
    }
  }

  /** Its last calls are fetched before the chunk ends that has its name. */
  @Test
  void aThreadThatEndedBeforeTheFileChangesHasItsName() {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell(
          "start",
          "r",
          Recorded.SYSCALL + "#threshold=0ns",
          Recorded.SYSCALL + "#syscalls=getppid");
      jvm.tell("threads-call", THREADS, 1);
      // all recordings change to another chunk
      jvm.tell("start", "other");
      jvm.tell("stop", "r", file);
      assertThat(jvm.end().err()).isEmpty();
    }
    Recorded recorded = Recorded.in(file);
    List<RecordedEvent> calls = recorded.syscalls("getppid");
    recorded.assertSeen(calls.size(), 1 + 2 + 3 + 4);
    assertThat(calls)
        .allSatisfy(call -> {
          assertThat(call.getThread()).isNotNull();
          assertThat(call.getThread().getJavaName()).matches("caller-[1-4]");
          assertThat(call.getString("osThreadName")).isNull();
        });
  }

  /** The kernel's where JFR has no other: of a thread that ended while the file changed. */
  private static String threadName(RecordedEvent open) {
    RecordedThread thread = open.getThread();
    return thread == null ? String.valueOf(open.getString("osThreadName")) : thread.getJavaName();
  }

  private record Chunk(Instant start, Recorded recorded) {}

  /** Each is a whole recording: jdk.jfr.internal.consumer.ChunkHeader. */
  private List<Chunk> chunks(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    List<Chunk> chunks = new ArrayList<>();
    for (int at = 0, end; at < all.length; at = end) {
      ByteBuffer header = ByteBuffer.wrap(all, at, all.length - at).slice();
      end = at + Math.toIntExact(header.getLong(8));
      Path copy = temp.resolve("chunk-" + chunks.size() + ".jfr");
      Files.write(copy, Arrays.copyOfRange(all, at, end));
      chunks.add(new Chunk(Instant.EPOCH.plusNanos(header.getLong(32)), Recorded.in(copy)));
    }
    return chunks;
  }

  /** Long paths in the smallest buffers, and a draining thread that hardly ever runs. */
  @ParameterizedTest
  @ValueSource(strings = {"buffer=perf,pages=16", "buffer=ring,pages=16"})
  void whatABufferCannotHoldIsCounted(String options) {
    String path = "/no/such/directory".repeat(200);
    Recorded recorded =
        assertAllAccountedFor(options, path, KernelTracing.times(25_000), AgentProcess.THREAD);
    assertThat(recorded.opensOf(path)).isNotEmpty();
    assertThat(recorded.lost()).isPositive();
    assertThat(recorded.named(Recorded.EVENTS_LOST))
        .extracting((RecordedEvent lost) -> lost.getString("reason"))
        .allSatisfy(reason -> assertThat(reason).contains("pages"));
  }

  /**
   * How many the default buffers lose is a question of how busy the machine is; so the draining
   * thread hardly ever runs.
   */
  @ParameterizedTest
  @Tag("portable")
  @ValueSource(strings = {"buffer=perf", "buffer=ring"})
  void theDefaultBuffersAccountForEveryOpen(String options) {
    int times = KernelTracing.times(50_000);
    Recorded recorded =
        assertAllAccountedFor(
            options, temp.resolve("missing").toString(), times, AgentProcess.THREAD);
    // what has room in the buffers comes through however late it is read
    assertThat(recorded.opensOf(temp.resolve("missing")))
        .hasSizeGreaterThanOrEqualTo(Math.min(THREADS * times / 2, FIT_DEFAULT_BUFFERS));
  }

  private Recorded assertAllAccountedFor(
      String options, String path, int times, String idleThread) {
    Path file = temp.resolve("recording.jfr");
    Finished finished =
        AgentProcess.of(Loop.class, path, THREADS, times, file, idleThread, 1)
            .agent(options)
            // its look at the control groups' files would be one more open to be lost
            .jvm("-XX:-UseContainerSupport")
            .run();
    assertThat(finished).isEqualTo(new Finished(0, "done\n", ""));
    Recorded recorded = Recorded.in(file);
    assertThat(recorded.opensOf(path).size() + recorded.lost()).isEqualTo((long) THREADS * times);
    return recorded;
  }
}
