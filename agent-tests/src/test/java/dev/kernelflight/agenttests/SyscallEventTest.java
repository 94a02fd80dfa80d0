package dev.kernelflight.agenttests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
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
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Single system calls: which of them the settings let through, and what is told of each. */
@Tag("kernel")
@ExtendWith(AgainWhereSkipped.class)
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
  @Tag("portable")
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
  @Tag("portable")
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
  @Tag("portable")
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
  @Tag("portable")
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
  @Tag("jar")
  void argumentsAsText() throws IOException {
    String path = temp.resolve("socket").toString();
    byte[] unix = path.getBytes(UTF_8);
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

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static String loopback(int port) {
    return String.format("0200%04x7f000001", port) + "00".repeat(8);
  }

  static List<Object[]> addresses() throws IOException {
    int port = freePort();
    String name = "kernelflight-" + ProcessHandle.current().pid();
    String path = "/tmp/" + name;
    return List.of(
        new Object[] {2, loopback(port), "127.0.0.1:" + port, "127\\.0\\.0\\.1:\\d+"},
        new Object[] {
          10,
          String.format("0a00%04x", port) + "00".repeat(4 + 15) + "01" + "00".repeat(4),
          "[::1]:" + port,
          "\\[::1]:\\d+"
        },
        new Object[] {1, "0100" + hex(path.getBytes(UTF_8)) + "00", "unix:" + path, "unix:"},
        new Object[] {1, "010000" + hex(name.getBytes(UTF_8)), "unix:@" + name, "unix:"});
  }

  /** Both ends of a connection, and an accept without one, which leaves the address untouched. */
  @ParameterizedTest
  @MethodSource("addresses")
  void connections(int family, String address, String text, String peer) throws IOException {
    int nonBlockingStream = 1 | 04000;
    int length = address.length() / 2;
    if (family == 10 && !Files.exists(Path.of("/proc/net/if_inet6"))) {
      KernelTracing.skip("this machine has no IPv6");
    }
    String listening;
    String client;
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r", EVERY, syscalls("bind,connect,accept4"));
      listening = jvm.tell("call", 1, "socket", family, nonBlockingStream, 0);
      client = jvm.tell("call", 1, "socket", family, 1, 0);
      assertThat(jvm.tell("call", 1, "bind", listening, "hex:" + address, length)).isEqualTo("0");
      jvm.tell("call", 1, "listen", listening, 5);
      assertThat(jvm.tell("call", 1, "connect", client, "hex:" + address, length)).isEqualTo("0");
      String room = "hex:" + "00".repeat(110);
      assertThat(jvm.tell("call", 1, "accept4", listening, room, "hex:6e000000", 0))
          .doesNotStartWith("-");
      jvm.tell("call", 1, "accept4", listening, "hex:" + loopback(9), "hex:10000000", 0);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    } finally {
      Files.deleteIfExists(Path.of(text.replaceFirst("unix:", "")));
    }
    Recorded recorded = Recorded.in(recording());
    assertThat(arguments(recorded, "bind")).containsExactly("fd=" + listening + " " + text);
    assertThat(arguments(recorded, "connect")).containsExactly("fd=" + client + " " + text);
    List<String> accepted = arguments(recorded, "accept4");
    assertThat(accepted).hasSize(2);
    assertThat(accepted.get(0)).matches("fd=" + listening + "(\\(.*\\))? " + peer);
    assertThat(accepted.get(1)).matches("fd=" + listening + "(\\(.*\\))?");
    assertThat(recorded.syscalls("accept4").get(1).getString("errno")).isEqualTo("EAGAIN");
  }

  @Test
  void datagrams() throws IOException {
    int port = freePort();
    String address = "hex:" + loopback(port);
    String receiver;
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      start(jvm, "r", EVERY, syscalls("sendto,recvfrom"));
      receiver = jvm.tell("call", 1, "socket", 2, 2, 0);
      jvm.tell("call", 1, "bind", receiver, address, 16);
      assertThat(jvm.tell("call", 1, "sendto", receiver, "text:abc", 3, 0, address, 16))
          .isEqualTo("3");
      jvm.tell("call", 1, "recvfrom", receiver, "hex:000000", 3, 0, address, "hex:10000000");
      jvm.tell("call", 1, "sendto", -1, "text:abc", 3, 0, 0, 0);
      jvm.tell("stop", "r", recording());
      assertEndsQuietly(jvm);
    }
    Recorded recorded = Recorded.in(recording());
    // what the descriptor is may be known, or no longer
    String received = "fd=" + receiver + "(\\(socket:\\[\\d+]\\))? count=3 127\\.0\\.0\\.1:" + port;
    assertThat(arguments(recorded, "sendto"))
        .hasSize(2)
        .endsWith("fd=-1 count=3")
        .first(STRING)
        .matches(received);
    assertThat(arguments(recorded, "recvfrom")).singleElement(STRING).matches(received);
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
  @Tag("portable")
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
