package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.bpf.source.Syscalls;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Calls that are under way while what is wanted changes: whatever of them is not seen, nothing
 * wrong is told.
 */
@KernelTest
@Tag("hooks")
class CallsUnderWayTest {
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int AT_ONCE = 32;
  private static final int S_IFIFO = 0010000;
  private static final KernelNames NAMES = KernelNames.ofThisMachine();

  @TempDir Path directory;

  private static final Demand NO_SYSCALL = wanted(false, new BitSet());

  private static Demand wanted(boolean statistics, BitSet numbers) {
    Demand calls = Demand.of(Syscalls.SOURCE, new Syscalls.Wanted(0, false, numbers));
    return statistics
        ? calls.and(SyscallStatistics.SOURCE, new SyscallStatistics.Wanted(true))
        : calls;
  }

  private static Demand readsAndStatistics() {
    BitSet read = new BitSet();
    read.set(NAMES.syscallNumber("read"));
    return wanted(true, read);
  }

  private Path fifo() {
    Path fifo = directory.resolve("fifo");
    assertThat(RawSyscalls.call("mknodat", WORKING_DIRECTORY, fifo + "", S_IFIFO | 0600, 0))
        .isZero();
    return fifo;
  }

  /** Lets an open for reading return, which waits for a writer. */
  private static void release(Path fifo, Future<Integer> open) throws Exception {
    long writer = RawSyscalls.call("openat", WORKING_DIRECTORY, fifo + "", O_WRONLY, 0);
    assertThat(open.get()).isNotNegative();
    assertThat(RawSyscalls.call("close", writer)).isZero();
  }

  private static Future<Integer> blockInOpen(TracedProcess traced, Path fifo) throws Exception {
    return traced.blockOpener(
        "openat", () -> openAndClose("openat", WORKING_DIRECTORY, fifo + "", O_RDONLY, 0));
  }

  static List<Object[]> opens() throws Exception {
    List<Object[]> all = new ArrayList<>();
    for (Options setup : SessionTest.setups()) {
      if (setup.buffer() == Buffer.PERF) {
        all.add(new Object[] {setup, Demand.NOTHING});
        all.add(new Object[] {setup, NO_SYSCALL});
      }
    }
    return all;
  }

  /** The return of one open is missed, and then the entry of the next. */
  @ParameterizedTest
  @MethodSource("opens")
  void opensOfWhichNeitherIsSeenWhole(Options options, Demand between) throws Exception {
    Path fifo = fifo();
    Path missing = directory.resolve("missing");
    try (TracedProcess traced = new TracedProcess(options)) {
      Future<Integer> first = blockInOpen(traced, fifo);
      traced.session.follow(between);
      release(fifo, first);
      Future<Integer> second = blockInOpen(traced, fifo);
      traced.session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      release(fifo, second);
      assertThat(traced.opensOf(fifo)).isEmpty();

      long before = System.nanoTime();
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, missing + "", O_RDONLY, 0));
      assertThat(traced.opensOf(missing))
          .singleElement()
          .satisfies(open -> assertThat(open.start()).isBetween(before, System.nanoTime()));
      assertThat(traced.total(Counters::unpaired)).isZero();
    }
  }

  /**
   * More opens at once than perf's return probes have instances, each the last one of its thread:
   * what is not seen is told when the thread ends.
   */
  @ParameterizedTest
  @MethodSource("dev.kernelflight.bpf.SessionTest#setups")
  void opensAtOnceAreSeenOrTold(Options options) throws Exception {
    Path fifo = fifo();
    Set<Integer> readers = ConcurrentHashMap.newKeySet();
    List<Thread> threads = new ArrayList<>();
    try (TracedProcess traced = new TracedProcess(options)) {
      for (int i = 0; i < AT_ONCE; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  readers.add(CurrentProcess.threadId());
                  openAndClose("openat", WORKING_DIRECTORY, fifo + "", O_RDONLY, 0);
                }));
      }
      traced.awaitIn("openat", readers, AT_ONCE);
      long writer = RawSyscalls.call("openat", WORKING_DIRECTORY, fifo + "", O_WRONLY, 0);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(RawSyscalls.call("close", writer)).isZero();
      List<Integer> seen =
          traced.opensOf(fifo).stream().map(OpenRecord::tid).filter(readers::contains).toList();
      assertThat(seen).doesNotHaveDuplicates().isNotEmpty();
      traced.awaitToldMissing(AT_ONCE - seen.size());
    }
  }

  static List<Object[]> calls() {
    Options options = new Options(Optional.empty(), Buffer.PERF, 64);
    return List.of(
        new Object[] {options, Demand.NOTHING},
        new Object[] {options, Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL)},
        new Object[] {options, NO_SYSCALL});
  }

  private static Future<Long> blockInRead(TracedProcess traced, long fd) throws Exception {
    return traced.blockOpener("read", () -> RawSyscalls.call("read", fd, new byte[8], 1));
  }

  private static long countedReads(TracedProcess traced, int tid) throws Exception {
    long[] count = new long[1];
    traced.session.readStatistics(sum -> {
      if (sum.tid == tid && sum.number == NAMES.syscallNumber("read")) {
        count[0] = sum.count;
      }
      return true;
    });
    return count[0];
  }

  @ParameterizedTest
  @MethodSource("calls")
  void callsOfWhichNeitherIsSeenWhole(Options options, Demand between) throws Exception {
    long fd = RawSyscalls.call("openat", WORKING_DIRECTORY, fifo() + "", O_RDWR, 0);
    try (TracedProcess traced = new TracedProcess(options)) {
      int tid = traced.onOpener(CurrentProcess::threadId);
      traced.session.follow(readsAndStatistics());
      Future<Long> first = blockInRead(traced, fd);
      traced.session.follow(between);
      RawSyscalls.call("write", fd, "1", 1);
      assertThat(first.get()).isEqualTo(1);
      long firstReturned = System.nanoTime();

      Future<Long> second = blockInRead(traced, fd);
      traced.session.follow(readsAndStatistics());
      RawSyscalls.call("write", fd, "2", 1);
      assertThat(second.get()).isEqualTo(1);
      // where system calls stay attached the first was seen whole
      assertThat(traced.calls("read"))
          .allSatisfy(read -> assertThat(read.end()).isLessThan(firstReturned));
      int seen = traced.calls("read").size();
      long counted = countedReads(traced, tid);
      assertThat(counted).isZero();

      long before = System.nanoTime();
      RawSyscalls.call("write", fd, "3", 1);
      traced.onOpener(() -> RawSyscalls.call("read", fd, new byte[8], 1));
      assertThat(traced.calls("read")).hasSize(seen + 1);
      assertThat(traced.calls("read").get(seen).start()).isBetween(before, System.nanoTime());
      assertThat(countedReads(traced, tid)).isEqualTo(counted + 1);
    } finally {
      RawSyscalls.call("close", fd);
    }
  }
}
