package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.KernelObjects;
import dev.kernelflight.bpf.sys.KernelObjects.OpenMap;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the programs know of threads: as much as there are threads, and what is too much is told.
 */
@KernelTest
class ThreadStateTest {
  private static final int CALLS = 10;
  private static final int GETPPID = KernelNames.ofThisMachine().syscallNumber("getppid");

  private static TracedProcess counting(boolean byThread) throws Exception {
    TracedProcess traced = new TracedProcess(new Options(Optional.empty(), Buffer.PERF, 16));
    traced.session.follow(
        Demand.of(SyscallStatistics.SOURCE, new SyscallStatistics.Wanted(byThread)));
    return traced;
  }

  /** The calls of getppid, which nothing but these tests makes, of one thread or (0) of all. */
  private static long counted(TracedProcess traced, int tid) throws Exception {
    long[] count = new long[1];
    traced.session.readStatistics(sum -> {
      if (sum.tid == tid && sum.number == GETPPID) {
        count[0] = sum.count;
      }
      return true;
    });
    return count[0];
  }

  private static void inNewThreads(int threads, Runnable task) throws InterruptedException {
    int atOnce = 20;
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      running.add(Thread.ofPlatform().start(task));
      if (running.size() == atOnce || i == threads - 1) {
        for (Thread thread : running) {
          thread.join();
        }
        running.clear();
      }
    }
  }

  private static int liveThreads() throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return Math.toIntExact(tasks.count());
    }
  }

  /** Six times more than the table has room for. Each one's last call, exit, does not return. */
  @Test
  @Tag("soak")
  void aHundredThousandThreadsOneAfterTheOther() throws Exception {
    int threads = 100_000;
    try (TracedProcess traced = counting(false);
        OpenMap owners = KernelObjects.map("slot_owners");
        OpenMap crowded = KernelObjects.map("crowded_threads")) {
      inNewThreads(threads, () -> RawSyscalls.call("getppid"));
      assertThat(counted(traced, 0)).isEqualTo(threads);
      assertThat(traced.total(Counters::untracked)).isZero();
      // a thread that was joined may still be on its way out
      long begun = System.nanoTime();
      while (owners.entries() + crowded.entries() > liveThreads()) {
        assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.MINUTES.toNanos(1));
      }
      assertThat(owners.entries()).isPositive();
    }
  }

  @ParameterizedTest
  @MethodSource("dev.kernelflight.bpf.SessionTest#setups")
  void noRoomForAThread(Options options) throws Exception {
    Path unseen = Path.of("/unseen");
    Path seen = Path.of("/seen");
    try (TracedProcess traced = new TracedProcess(options);
        OpenMap owners = KernelObjects.map("slot_owners");
        OpenMap crowded = KernelObjects.map("crowded_threads")) {
      owners.fill();
      crowded.fill();
      inNewThreads(1, () -> openOften(unseen));
      assertThat(traced.opensOf(unseen)).isEmpty();
      assertThat(traced.total(Counters::untracked)).isGreaterThanOrEqualTo(CALLS);

      owners.clear();
      crowded.clear();
      inNewThreads(1, () -> openOften(seen));
      assertThat(traced.opensOf(seen)).hasSize(CALLS);
    }
  }

  private static void openOften(Path path) {
    for (int i = 0; i < CALLS; i++) {
      openAndClose("openat", WORKING_DIRECTORY, path + "", 0, 0);
    }
  }

  @Test
  void noRoomForAThreadsStatistics() throws Exception {
    try (TracedProcess traced = counting(true);
        OpenMap places = KernelObjects.map("statistics_owne")) {
      int tid = traced.onOpener(CurrentProcess::threadId);
      assertThat(counted(traced, tid)).isZero();
      places.fill();
      traced.onOpener(() -> getppid(CALLS));
      assertThat(traced.total(Counters::untracked)).isGreaterThanOrEqualTo(CALLS);
      assertThat(counted(traced, tid)).isZero();

      places.clear();
      traced.onOpener(() -> getppid(3));
      assertThat(counted(traced, tid)).isEqualTo(3);
    }
  }

  /** It is read from memory, on a thread that is traced itself. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readingMakesNoCallThatIsCounted(boolean byThread) throws Exception {
    int bpf = KernelNames.ofThisMachine().syscallNumber("bpf");
    try (TracedProcess traced = counting(byThread)) {
      traced.onOpener(() -> getppid(CALLS));
      List<Integer> seen = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        seen.clear();
        traced.onOpener(() -> {
          traced.session.readStatistics(sum -> seen.add(sum.number));
          return traced.session.counters();
        });
      }
      assertThat(seen).contains(GETPPID).doesNotContain(bpf);
    }
  }

  @Test
  void whatIsKnownOfAThreadThatEndedIsFreed() throws Exception {
    try (TracedProcess traced = counting(true);
        OpenMap places = KernelObjects.map("statistics_owne")) {
      int tid = traced.onOpener(CurrentProcess::threadId);
      traced.onOpener(() -> getppid(CALLS));
      assertThat(counted(traced, tid)).isEqualTo(CALLS);
      assertThat(places.entriesOf(tid)).isPositive();
      int[] freed = new int[1];
      traced.session.readStatistics(sum -> {
        freed[0] += sum.tid == tid ? 1 : 0;
        return sum.tid != tid;
      });
      assertThat(freed[0]).isPositive();
      assertThat(places.entriesOf(tid)).isZero();
      assertThat(counted(traced, tid)).isZero();
      traced.onOpener(() -> getppid(3));
      assertThat(counted(traced, tid)).isEqualTo(3);
    }
  }

  private static Void getppid(int times) {
    for (int i = 0; i < times; i++) {
      RawSyscalls.call("getppid");
    }
    return null;
  }
}
