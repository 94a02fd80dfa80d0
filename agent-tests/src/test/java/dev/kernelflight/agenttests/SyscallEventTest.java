package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Single system calls: which of them the settings let through, and what is told of each. */
@Tag("kernel")
class SyscallEventTest {
  private static final long PATIENCE_SECONDS = 240;
  private static final String EVERY = Recorded.SYSCALL + "#threshold=0ns";

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private Path recording() {
    return temp.resolve("recording.jfr");
  }

  private static String syscalls(String names) {
    return Recorded.SYSCALL + "#syscalls=" + names;
  }

  private static void assertEndsQuietly(Running jvm) {
    assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
  }

  private static void start(Running jvm, String name, String... settings) {
    jvm.tell(Stream.concat(Stream.of("start", name), Arrays.stream(settings)).toArray());
  }

  @Test
  void slowCallsByDefault() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r");
      jvm.tell("sleep", 20, 1);
      jvm.tell("sleep", 1, 30);
      jvm.tell("call", 100_000, "getppid");
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    assertThat(recorded.syscalls("nanosleep"))
        .filteredOn(event -> event.getDuration().compareTo(Duration.ofMillis(30)) >= 0)
        .isNotEmpty()
        .allSatisfy(event -> {
          assertThat(event.getThread().getJavaName()).isEqualTo("main");
          assertThat(event.getLong("result")).isZero();
          assertThat(event.getString("errno")).isNull();
          assertThat(event.getString("osThreadName")).isNull();
        });
    assertThat(recorded.named(Recorded.SYSCALL))
        .allSatisfy(
            event -> assertThat(event.getDuration()).isGreaterThanOrEqualTo(Duration.ofMillis(20)));
    // the others did not even leave the kernel
    assertThat(recorded.drained()).isLessThan(50_000);
    assertThat(recorded.filteredByKernel()).isGreaterThanOrEqualTo(100_000);
  }

  /** What the kernel sends, and not only what JFR takes, follows the threshold. */
  @Test
  void theThresholdOfARunningRecordingChanges() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r", syscalls("getppid"), Recorded.FILE_OPEN);
      assertThat(drainedOf(jvm, 1_000)).isLessThan(1_000);
      jvm.tell("set", "r", EVERY);
      eventually("all are sent", () -> drainedOf(jvm, 1_000) >= 1_000);
      jvm.tell("set", "r", Recorded.SYSCALL + "#threshold=1h");
      eventually("none is sent", () -> drainedOf(jvm, 1_000) < 1_000);
      assertEndsQuietly(jvm);
    }
  }

  /** How many records more there are after so many calls. */
  private long drainedOf(Running jvm, int calls) {
    Path before = temp.resolve("before.jfr");
    Path after = temp.resolve("after.jfr");
    jvm.tell("dump", "r", before);
    jvm.tell("call", calls, "getppid");
    jvm.tell("dump", "r", after);
    return Recorded.in(after).drained() - Recorded.in(before).drained();
  }

  private static void eventually(String what, java.util.function.BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waiting until " + what).isLessThan(deadline);
    }
  }

  @Test
  void namesGroupsAndWhatIsLeftOut() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r", EVERY, syscalls("process,nanosleep,!tgkill,!sched_yield"));
      jvm.tell("call", 10, "getppid");
      jvm.tell("call", 3, "close", -1);
      jvm.tell("call", 4, "tgkill", -1, -1, 0);
      jvm.tell("sleep", 2, 1);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    assertThat(recorded.syscalls("getppid")).hasSize(10);
    assertThat(recorded.syscalls("nanosleep")).hasSize(2);
    assertThat(recorded.named(Recorded.SYSCALL))
        .extracting((RecordedEvent event) -> event.getString("name"))
        .doesNotContain("close", "tgkill", "futex", "read", "write", "mmap", "sched_yield");
  }

  @Test
  void failedOnesOnly() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r", EVERY, Recorded.SYSCALL + "#errorsOnly=true");
      jvm.tell("call", 10, "getppid");
      jvm.tell("call", 3, "close", -1);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    assertThat(recorded.syscalls("getppid")).isEmpty();
    assertThat(recorded.syscalls("close"))
        .filteredOn(event -> event.getLong("argument1") == -1)
        .hasSize(3)
        .allSatisfy(event -> {
          assertThat(event.getString("errno")).isEqualTo("EBADF");
          assertThat(event.getLong("result")).isEqualTo(-9);
          assertThat(event.getString("arguments")).isEqualTo("fd=-1");
        });
    assertThat(recorded.named(Recorded.SYSCALL))
        .allSatisfy(event -> assertThat(event.getString("errno")).isNotNull());
    assertThat(recorded.filteredByKernel()).isGreaterThanOrEqualTo(10);
  }

  @Test
  void argumentsAsText() throws IOException {
    String path = temp.resolve("socket").toString();
    byte[] unix = path.getBytes(StandardCharsets.UTF_8);
    String unixAddress = "hex:0100" + HexFormat.of().formatHex(unix) + "00";
    int port = freePort();
    String server = "hex:0200" + String.format("%04x", port) + "7f000001" + "00".repeat(8);
    String six = "hex:0a000009" + "00".repeat(4) + "00".repeat(15) + "01" + "00".repeat(4);
    String none = "hex:" + "00".repeat(28);
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r", EVERY);
      String listening = jvm.tell("call", 1, "socket", 2, 1, 0);
      assertThat(jvm.tell("call", 1, "bind", listening, server, 16)).isEqualTo("0");
      assertThat(jvm.tell("call", 1, "listen", listening, 5)).isEqualTo("0");
      String client = jvm.tell("call", 1, "socket", 2, 1, 0);
      assertThat(jvm.tell("call", 1, "connect", client, server, 16)).isEqualTo("0");
      jvm.tell("call", 1, "accept4", listening, none, "hex:1c000000", 0);
      jvm.tell("call", 1, "connect", -1, six, 28);
      jvm.tell("call", 1, "bind", -1, unixAddress, unix.length + 3);
      jvm.tell("call", 1, "tgkill", jvm.pid(), jvm.pid(), 17);
      jvm.tell("call", 1, "futex", "hex:0000000000000000", 129, 77);
      jvm.tell("call", 1, "openat", -100, "text:/no/such/file", 0x80241, 0600);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
      Recorded recorded = Recorded.in(recording());
      String home = "127.0.0.1:" + port;
      assertThat(arguments(recorded, "bind"))
          .containsExactly("fd=" + listening + " " + home, "fd=-1 unix:" + path);
      assertThat(arguments(recorded, "listen"))
          .singleElement()
          .satisfies(text -> assertThat(text).startsWith("fd=" + listening).endsWith("backlog=5"));
      assertThat(arguments(recorded, "connect"))
          .contains("fd=" + client + " " + home, "fd=-1 [::1]:9");
      assertThat(arguments(recorded, "accept4"))
          .singleElement()
          .satisfies(
              text -> assertThat(text).matches("fd=" + listening + ".* 127\\.0\\.0\\.1:\\d+"));
      assertThat(arguments(recorded, "tgkill"))
          .contains("pid=" + jvm.pid() + " tid=" + jvm.pid() + " SIGCHLD");
      assertThat(arguments(recorded, "futex"))
          .anySatisfy(text ->
              assertThat(text)
                  .matches("FUTEX_WAKE\\|FUTEX_PRIVATE_FLAG address=0x[0-9a-f]+ value=77"));
      assertThat(arguments(recorded, "openat"))
          .contains("/no/such/file O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC");
      assertThat(recorded.syscalls("bind"))
          .extracting(
              (RecordedEvent event) -> event.getString("errno"), event -> event.getLong("result"))
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(null, 0L),
              org.assertj.core.groups.Tuple.tuple("EBADF", -9L));
    }
  }

  private static List<String> arguments(Recorded recorded, String call) {
    return recorded.syscalls(call).stream().map(event -> event.getString("arguments")).toList();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Every recording has what any of them wants: the lowest threshold, all calls named. */
  @Test
  void twoRecordings() {
    Path other = temp.resolve("other.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "slow", Recorded.SYSCALL + "#threshold=1h", syscalls("nanosleep"));
      jvm.tell("call", 20, "getppid");
      start(jvm, "all", EVERY, syscalls("getppid"));
      jvm.tell("call", 30, "getppid");
      jvm.tell("sleep", 3, 1);
      jvm.tell("stop", "all", other);
      jvm.tell("stop", "slow", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(other);
    assertThat(recorded.syscalls("getppid")).hasSize(30);
    assertThat(recorded.syscalls("nanosleep")).hasSize(3);
    assertThat(Recorded.in(recording()).syscalls("getppid")).hasSize(30);
  }
}
