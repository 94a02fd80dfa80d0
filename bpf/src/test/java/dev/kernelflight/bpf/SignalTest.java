package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.LocalSession.Scope;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.elf.Btf.Struct;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.Signals;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Signals that reach this process, and another one. */
@KernelTest
@Tag("hooks")
class SignalTest {
  private static final int EVENT_SIGNAL = 4;

  /** The JVM takes it, and does nothing. */
  private static final int SIGPIPE = 13;

  private static final int SIGTERM = 15;
  private static final int SI_USER = 0;
  private static final int SI_TKILL = -6;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** Read by the layout that the object's own BTF tells. */
  private record Signal(int tid, int pid, long start, int number, int code, int sender, int user) {
    private static final Struct HEADER = OpenRecord.struct("event");
    private static final Struct SIGNAL = OpenRecord.struct("signal_event");

    static Signal read(MemorySegment memory, long offset) {
      assertThat(integer(memory, offset, HEADER, "type")).isEqualTo(EVENT_SIGNAL);
      return new Signal(
          integer(memory, offset, HEADER, "tid"),
          integer(memory, offset, HEADER, "pid"),
          memory.get(JAVA_LONG_UNALIGNED, offset + HEADER.member("start").offset()),
          integer(memory, offset, SIGNAL, "number"),
          integer(memory, offset, SIGNAL, "code"),
          integer(memory, offset, SIGNAL, "sender_pid"),
          integer(memory, offset, SIGNAL, "sender_uid"));
    }

    private static int integer(MemorySegment memory, long offset, Struct struct, String member) {
      return memory.get(JAVA_INT_UNALIGNED, offset + struct.member(member).offset());
    }
  }

  static Stream<Buffer> buffers() {
    return EnumSet.of(Buffer.PERF, Buffer.RING).stream();
  }

  private static Options options(Buffer buffer) {
    return new Options(Optional.empty(), buffer, 16);
  }

  private static Demand signals(boolean own) {
    return Demand.of(Signals.SOURCE, new Signals.Wanted(own));
  }

  private static List<Signal> await(Session session, int number) throws Exception {
    List<Signal> all = new ArrayList<>();
    long begun = System.nanoTime();
    while (all.stream().noneMatch(signal -> signal.number == number)) {
      assertThat(System.nanoTime() - begun)
          .as("only " + all + " " + List.of(session.counters()))
          .isLessThan(PATIENCE_NANOS);
      session.drain((memory, offset, length) -> all.add(Signal.read(memory, offset)));
    }
    return all;
  }

  /** The process that sent the signal. */
  private static int send(int number, long pid) throws Exception {
    Process shell = new ProcessBuilder("sh", "-c", "echo $$; kill -" + number + " " + pid).start();
    String sender =
        new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(shell.waitFor()).isZero();
    return Integer.parseInt(sender);
  }

  @ParameterizedTest
  @MethodSource("buffers")
  void ofAnotherProcess(Buffer buffer) throws Exception {
    try (Epoll epoll = new Epoll();
        Session session = LocalSession.open(options(buffer), CurrentProcess.threadId(), epoll)) {
      session.follow(signals(false));
      assertThat(session.probe(Signals.SOURCE).orElseThrow().hook().target())
          .isEqualTo("signal_deliver");
      long before = System.nanoTime();
      int sender = send(SIGPIPE, ProcessHandle.current().pid());
      assertThat(await(session, SIGPIPE))
          .filteredOn(signal -> signal.number == SIGPIPE)
          .singleElement()
          .satisfies(signal -> {
            assertThat(signal.pid).isEqualTo((int) ProcessHandle.current().pid());
            assertThat(signal.code).isEqualTo(SI_USER);
            assertThat(signal.sender).isEqualTo(sender);
            assertThat(signal.user).isEqualTo((int) RawSyscalls.call("getuid"));
            assertThat(signal.start).isBetween(before, System.nanoTime());
          });
      assertThat(session.counters()).extracting(Counters::lost).containsOnly(0L);
    }
  }

  @Test
  void ownOnesAreLeftOutUnlessWanted() throws Exception {
    int self = (int) ProcessHandle.current().pid();
    try (TracedProcess traced = new TracedProcess(options(Buffer.PERF))) {
      Session session = traced.session;
      int tid = traced.onOpener(CurrentProcess::threadId);
      session.follow(signals(false));
      long filtered = traced.total(Counters::filtered);
      assertThat(traced.onOpener(() -> RawSyscalls.call("tgkill", self, tid, SIGPIPE))).isZero();
      int sender = send(SIGPIPE, self);
      assertThat(await(session, SIGPIPE))
          .filteredOn(signal -> signal.number == SIGPIPE)
          .extracting(Signal::sender)
          .containsExactly(sender);
      assertThat(traced.total(Counters::filtered)).isGreaterThan(filtered);

      session.follow(signals(true));
      assertThat(traced.onOpener(() -> RawSyscalls.call("tgkill", self, tid, SIGPIPE))).isZero();
      assertThat(await(session, SIGPIPE))
          .filteredOn(signal -> signal.number == SIGPIPE)
          .singleElement()
          .satisfies(signal -> {
            assertThat(signal.tid).isEqualTo(tid);
            assertThat(signal.code).isEqualTo(SI_TKILL);
            assertThat(signal.sender).isEqualTo(self);
          });
      session.follow(Demand.NOTHING);
      send(SIGPIPE, self);
      session.drain((memory, offset, length) -> assertThat(length).as("not wanted").isZero());
    }
  }

  @Test
  void ofAProcessThatHandlesIt() throws Exception {
    Process other =
        new ProcessBuilder("sh", "-c", "trap 'exit 3' TERM; echo; while :; do sleep 0.1; done")
            .start();
    assertThat(other.getInputStream().read()).isEqualTo('\n');
    try (Epoll epoll = new Epoll();
        Session session =
            LocalSession.open(
                options(Buffer.PERF), new Scope.OtherProcess((int) other.pid()), epoll)) {
      session.follow(signals(true));
      other.destroy();
      assertThat(await(session, SIGTERM))
          .filteredOn(signal -> signal.number == SIGTERM)
          .allMatch(signal -> signal.pid == other.pid())
          .allMatch(signal -> signal.sender == ProcessHandle.current().pid());
      assertThat(Arrays.stream(session.counters()).mapToLong(Counters::sent).sum()).isPositive();
    } finally {
      other.destroyForcibly().waitFor();
    }
  }

  @Test
  void theKernelCallsItSo() {
    assertThat(KernelNames.ofThisMachine().signal(SIGPIPE)).isEqualTo("SIGPIPE");
  }
}
