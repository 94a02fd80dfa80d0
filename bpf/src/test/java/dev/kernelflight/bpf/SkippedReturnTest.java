package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.elf.Btf.Struct;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.Syscalls;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.KernelObjects;
import dev.kernelflight.bpf.sys.KernelObjects.OpenMap;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kernels that preempt programs skip some, so that what a thread entered is still under way for
 * them when another call returns: that one's return must not be taken for it. What the programs
 * know of the thread is set here to what it would be then.
 */
@KernelTest
@Tag("hooks")
class SkippedReturnTest {
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int S_IFIFO = 0010000;

  /** THREAD_SLOTS of state.h. */
  private static final int SLOTS = 16384;

  private static final Struct THREAD = OpenRecord.struct("thread");
  private static final KernelNames NAMES = KernelNames.ofThisMachine();

  @TempDir Path directory;

  private interface Change {
    void apply(MemorySegment thread);
  }

  private static long offset(String member) {
    return THREAD.member(member).offset();
  }

  /** Changes what the programs know of a thread, which must have made a call that they saw. */
  private static void change(int tid, Change change) throws Exception {
    try (OpenMap threads = KernelObjects.map("threads")) {
      for (int slot = 0; slot < SLOTS; slot++) {
        MemorySegment thread = threads.get(slot);
        if (thread.get(JAVA_INT, offset("host_tid")) != 0
            && thread.get(JAVA_INT, offset("tid")) == tid) {
          change.apply(thread);
          threads.put(slot, thread);
          return;
        }
      }
    }
    throw new AssertionError("the programs know nothing of thread " + tid);
  }

  private static List<OpenRecord> opensOf(TracedProcess traced, int tid) throws Exception {
    return traced.drained(open -> open.tid() == tid);
  }

  @Test
  void theNextCallIsNotTheOpensReturn() throws Exception {
    Path missing = directory.resolve("missing");
    Options options = new Options(Optional.of(HookKind.TRACEPOINT), Buffer.PERF, 16);
    try (TracedProcess traced = new TracedProcess(options)) {
      int tid = traced.onOpener(CurrentProcess::threadId);
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, missing + "", O_RDONLY, 0));
      assertThat(opensOf(traced, tid)).hasSize(1);

      change(tid, thread -> thread.set(JAVA_LONG, offset("open_start"), System.nanoTime()));
      traced.onOpener(() -> RawSyscalls.call("getppid"));
      assertThat(opensOf(traced, tid)).hasSize(1);

      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, missing + "", O_RDONLY, 0));
      assertThat(opensOf(traced, tid)).hasSize(2);
    }
  }

  static List<Options> hooksThatTellThePath() throws Exception {
    List<Options> all = new ArrayList<>();
    for (Options setup : SessionTest.setups()) {
      if (!setup.attach().equals(Optional.of(HookKind.KPROBE))) {
        all.add(setup);
      }
    }
    return all;
  }

  /** The entry of the next open was skipped as well. */
  @ParameterizedTest
  @MethodSource("hooksThatTellThePath")
  void anotherOpensReturnIsNotIts(Options options) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(RawSyscalls.call("mknodat", WORKING_DIRECTORY, fifo + "", S_IFIFO | 0600, 0))
        .isZero();
    try (TracedProcess traced = new TracedProcess(options)) {
      int tid = traced.onOpener(CurrentProcess::threadId);
      Future<Integer> open =
          traced.blockOpener(
              "openat", () -> openAndClose("openat", WORKING_DIRECTORY, fifo + "", O_RDONLY, 0));
      change(
          tid,
          thread ->
              thread.set(JAVA_LONG, offset("path"), thread.get(JAVA_LONG, offset("path")) + 1));
      long writer = RawSyscalls.call("openat", WORKING_DIRECTORY, fifo + "", O_WRONLY, 0);
      assertThat(open.get()).isNotNegative();
      assertThat(RawSyscalls.call("close", writer)).isZero();
      assertThat(opensOf(traced, tid)).isEmpty();
    }
  }

  @Test
  void theNextCallIsNotACallsReturn() throws Exception {
    BitSet getppid = new BitSet();
    getppid.set(NAMES.syscallNumber("getppid"));
    Demand wanted = Demand.of(Syscalls.SOURCE, new Syscalls.Wanted(0, false, getppid));
    Options options = new Options(Optional.empty(), Buffer.PERF, 16);
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.session.follow(wanted);
      int tid = traced.onOpener(CurrentProcess::threadId);
      traced.onOpener(() -> RawSyscalls.call("getppid"));
      assertThat(traced.calls("getppid")).hasSize(1);

      change(tid, thread -> thread.set(JAVA_LONG, offset("call_start"), System.nanoTime()));
      traced.onOpener(() -> RawSyscalls.call("getpid"));
      assertThat(traced.calls("getppid")).hasSize(1);

      traced.onOpener(() -> RawSyscalls.call("getppid"));
      assertThat(traced.calls("getppid")).hasSize(2);
    }
  }
}
